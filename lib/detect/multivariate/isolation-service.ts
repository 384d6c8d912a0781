import { WorkerHost } from "../../workers";
import type { IsolationForestOptions, IsolationModel } from "./isolation-forest";

const TIMEOUT = 60_000;

/** Fits isolation forests in a worker thread, which starts with the first of them. */
export class IsolationService {
  #host: WorkerHost | undefined;

  /** @throws the errors of WorkerHost.call */
  readonly fit = (points: readonly Float64Array[], options: IsolationForestOptions): Promise<IsolationModel> => {
    this.#host ??= new WorkerHost("detect/multivariate/isolation-worker", {
      name: "isolation-forest",
      timeoutMs: TIMEOUT,
    });
    return this.#host.call<IsolationModel>("fit", { points, options });
  };

  async close(): Promise<void> {
    await this.#host?.close();
  }
}
