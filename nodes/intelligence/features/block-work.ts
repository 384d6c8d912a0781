import { type NodeContext, type NodeMessage, type Outputs, ports, type Refuse } from "../../../kit";
import {
  type DrawnSpectrum,
  expectedMs,
  type FeatureExtractor,
  type FeatureOptions,
  type Origin,
  readingsOf,
  type Samples,
  type SpeedProfile,
  spectraOf,
} from "../../../lib/features";
import {
  type AnalysisRequest,
  type AnalysisResult,
  type AnalysisUser,
  analysed,
  analysisThread,
} from "../../../lib/features/thread";
import type { Reading } from "../../../lib/reading";
import { countOf } from "../../../lib/text/plural";
import type { schema } from "./schema";

/** A block that is to be analysed, and where its figures belong. */
export interface BlockJob {
  readonly origin: Origin;
  readonly block: Samples;
  readonly speed: SpeedProfile | undefined;
}

/** A message's blocks that take longer than this together go to the thread: about what the way there and back takes, with room for slow computers. */
const LONG_MS = 1;
/** Node-RED gives a closing node 15 s and the kit 10. */
const PATIENCE_MS = 6000;

/** Analyses the blocks of messages: short ones at once, long ones in a thread. Messages keep their order. */
export class BlockWork {
  readonly #user: AnalysisUser;
  /** Settles when the last message that has to wait has its figures. */
  #last: Promise<unknown> | undefined;

  constructor(
    private readonly context: NodeContext<typeof schema>,
    private readonly options: FeatureOptions,
    private readonly extractor: FeatureExtractor,
    private readonly problem: () => string | undefined,
  ) {
    this.#user = analysisThread.join({ options, userDir: context.userDir }, (reason) =>
      context.warn(`the thread that analyses long blocks ended and was replaced: ${reason.message}`),
    );
    context.metrics.gauge("blocks waiting", () => this.#user.unanswered);
  }

  do(jobs: readonly BlockJob[], msg: NodeMessage, refuse: Refuse): Outputs | Promise<Outputs> {
    if (this.#costOf(jobs) <= LONG_MS) {
      const settled = jobs.map((job) => settledNow(() => analysed(this.extractor, this.#requestOf(job))));
      const finish = (): Outputs => this.#finish(jobs, settled, msg, refuse);
      // What came before and is not ready yet goes first.
      return this.#last ? this.#queue(this.#last.then(finish)) : finish();
    }
    const answers = this.#user.analyseAll(jobs.map((job) => this.#requestOf(job)));
    this.#showStatus();
    const before = this.#last;
    return this.#queue(
      answers.then(async (settled) => {
        await before;
        return this.#finish(jobs, settled, msg, refuse);
      }),
    );
  }

  #queue(outputs: Promise<Outputs>): Promise<Outputs> {
    const last = outputs
      .catch(() => undefined)
      .then(() => {
        if (this.#last === last) this.#last = undefined;
      });
    this.#last = last;
    return outputs;
  }

  #costOf(jobs: readonly BlockJob[]): number {
    return jobs.reduce(
      (sum, { block, speed }) => sum + expectedMs(this.options, block.samples.length, speed?.isSteady ?? true),
      0,
    );
  }

  #requestOf({ block, speed }: BlockJob): AnalysisRequest {
    return { block, speed: speed?.points, drawn: this.context.config.spectra };
  }

  #finish(
    jobs: readonly BlockJob[],
    settled: readonly PromiseSettledResult<AnalysisResult>[],
    msg: NodeMessage,
    refuse: Refuse,
  ): Outputs {
    const features: Reading[] = [];
    const spectra: DrawnSpectrum[] = [];
    for (const [i, { origin, block }] of jobs.entries()) {
      const { deviceId, sensor, end: timestamp } = origin;
      const result = settled[i] as PromiseSettledResult<AnalysisResult>;
      const reject = (reason: string): void =>
        refuse({ deviceId, sensor, timestamp }, `${deviceId}/${sensor}: ${reason}`);
      if (result.status === "rejected") {
        reject(result.reason instanceof Error ? result.reason.message : String(result.reason));
        continue;
      }
      const { figures, problems, lines } = result.value;
      features.push(...readingsOf(origin, figures));
      spectra.push(...spectraOf(origin, block.unit, lines));
      this.context.metrics.count("blocks");
      if (problems.length > 0) reject(problems.join("; "));
    }
    this.#showStatus();
    return ports(features, spectra.length > 0 ? { ...msg, payload: spectra } : undefined);
  }

  #showStatus(): void {
    const { status, metrics } = this.context;
    const { unanswered } = this.#user;
    const done = countOf(metrics.counted("blocks"), "block");
    const problem = this.problem();
    if (problem) status.warn(`${done}, ${problem}`);
    else if (unanswered > BUSY) status.warn(`${done}, ${unanswered} waiting`);
    else if (metrics.counted("blocks") === 0 && metrics.refused > 0) status.warn(`${done}, ${metrics.refused} refused`);
    else status.ok(done);
  }

  /** What is in work is still told; what is not ready in time is reported. */
  async close(): Promise<void> {
    const left = await this.#user.leave(PATIENCE_MS);
    if (left > 0) this.context.warn(`closed before ${countOf(left, "block")} could be analysed`);
    await this.#last;
  }
}

/** So many blocks wait that it is worth telling. */
const BUSY = 8;

function settledNow(work: () => AnalysisResult): PromiseSettledResult<AnalysisResult> {
  try {
    return { status: "fulfilled", value: work() };
  } catch (reason) {
    return { status: "rejected", reason };
  }
}
