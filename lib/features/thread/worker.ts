import { serve, withTransfer } from "../../workers/serve";
import { FeatureExtractor } from "../extract";
import { Fourier } from "../fourier";
import { type AnalysisRequest, type AnalysisSetting, analysed } from "./request";

/** Settings of so many nodes are kept ready. */
const KEPT = 64;

const extractors = new Map<string, FeatureExtractor>();
let fourier: Promise<Fourier> | undefined;

/** All nodes share the transforms' tables, which are by length. */
async function extractorOf({ options, userDir }: AnalysisSetting): Promise<FeatureExtractor> {
  fourier ??= Fourier.load(userDir);
  const loaded = await fourier.catch((error: unknown) => {
    fourier = undefined;
    throw error;
  });
  const key = JSON.stringify(options);
  const known = extractors.get(key);
  if (known) return known;
  if (extractors.size >= KEPT) extractors.delete(extractors.keys().next().value as string);
  const fresh = new FeatureExtractor(options, loaded);
  extractors.set(key, fresh);
  return fresh;
}

serve({
  async analyse({ setting, request }: { setting: AnalysisSetting; request: AnalysisRequest }) {
    const result = analysed(await extractorOf(setting), request);
    return withTransfer(
      result,
      result.lines.map(({ amplitudes }) => amplitudes.buffer as ArrayBuffer),
    );
  },
});
