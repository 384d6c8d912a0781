declare module "node-red-node-test-helper" {
  /** What our tests use of the helper; it ships no types. */
  const helper: {
    init(runtimePath: string, settings?: Record<string, unknown>): void;
    load(nodes: never, flow: never, credentials: never): Promise<void>;
    unload(): Promise<void>;
    getNode(id: string): unknown;
    settings(settings: Record<string, unknown>): unknown;
    /** Asks the admin routes of the loaded nodes. */
    request(): { get(path: string): Promise<{ status: number; headers: Record<string, string>; text: string }> };
  };
  export default helper;
}
