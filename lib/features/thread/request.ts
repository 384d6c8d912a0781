import type { FeatureOptions, Samples } from "../analysis";
import type { Extract, FeatureExtractor, Figure } from "../extract";
import { type DrawnLines, linesToDraw } from "../results";
import { SpeedProfile } from "../speed";

/** A block to be analysed, by this thread or another: plain data. */
export interface AnalysisRequest {
  readonly block: Samples;
  /** The shaft's speed over the block, where it is known. */
  readonly speed: SpeedProfile["points"] | undefined;
  /** Spectra that were made are wanted too. */
  readonly drawn: boolean;
}

/** What a node asks of all its blocks. */
export interface AnalysisSetting {
  readonly options: FeatureOptions;
  /** Where packages are looked for besides the pack itself. */
  readonly userDir?: string;
}

export interface AnalysisResult {
  readonly figures: readonly Figure[];
  readonly problems: readonly string[];
  readonly lines: readonly DrawnLines[];
}

/** The one way from a request to its result, for both threads. */
export function analysed(extractor: FeatureExtractor, { block, speed, drawn }: AnalysisRequest): AnalysisResult {
  const extract: Extract = extractor.extract(block, speed && new SpeedProfile(speed));
  const { figures, problems } = extract;
  return { figures, problems, lines: drawn ? linesToDraw(extract) : [] };
}
