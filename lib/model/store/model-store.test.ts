import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { ModelError, type ModelManifest, type NewModel, type StoredModel } from "../contract";
import { newSigningKey, publicKey, type SigningKey } from "./keys";
import { ModelStore, type ModelStoreOptions } from "./model-store";
import { sign } from "./signed";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "gatewise-models-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const store = (options: Partial<ModelStoreOptions> = {}): ModelStore => new ModelStore({ folder, ...options });

function model(text = "weights", over: Partial<NewModel> = {}): NewModel {
  return {
    name: "pump",
    version: "1.0.0",
    format: "gatewise",
    task: "regression",
    inputs: [{ name: "input", shape: [-1, 2], type: "float64" }],
    outputs: [{ name: "output", shape: [-1, 1], type: "float64", sensor: "power", unit: "W" }],
    files: [{ name: "model.json", data: Buffer.from(text) }],
    ...over,
  };
}

const textOf = async (from: ModelStore, name = "pump"): Promise<string> => {
  const files = await from.read(await from.get(name));
  return Buffer.from(files.get("model.json")!).toString();
};

/** What a release desk elsewhere sends: a manifest signed by its key, and the file. */
async function release(key: SigningKey | readonly SigningKey[], seq: number, text = `release ${seq}`) {
  const other = mkdtempSync(join(tmpdir(), "gatewise-release-"));
  const { manifest } = await new ModelStore({ folder: other }).add(model(text));
  rmSync(other, { recursive: true });
  const payload: ModelManifest = { ...manifest, seq };
  const signed = sign(Buffer.from(JSON.stringify(payload)), [key].flat());
  return [signed, new Map([["model.json", Buffer.from(text)]])] as const;
}

describe("models of this gateway", () => {
  it("come back as they were stored, also for another process, signed by the own key", async () => {
    const first = await store().add(model());
    expect(first.manifest).toMatchObject({ v: 1, kind: "model", seq: 1, name: "pump" });
    const again = store();
    expect(await again.get("pump")).toEqual(first);
    expect(first.signedBy).toEqual([(await again.ownKey()).kid]);
    expect(await textOf(again)).toBe("weights");
  });

  it("are numbered on, keep their last versions, and share equal files", async () => {
    const models = store({ keepVersions: 2 });
    for (const text of ["a", "b", "b", "c"]) await models.add(model(text));
    expect(await models.versions("pump")).toEqual([3, 4]);
    expect(await textOf(models)).toBe("c");
    expect(await models.prune(0)).toBe(1);
    expect(readdirSync(join(folder, "files"))).toHaveLength(2);
  });

  it("leave no files behind when their versions are gone, but for an hour", async () => {
    const models = store({ keepVersions: 2 });
    const files = join(folder, "files");
    const age = (): void => {
      for (const name of readdirSync(files)) utimesSync(join(files, name), 0, 0);
    };
    for (const text of ["a", "b", "c", "d", "e"]) {
      await models.add(model(text));
      age();
    }
    expect(readdirSync(files)).toHaveLength(2);
    expect(await textOf(models)).toBe("e");
    await models.add(model("f"));
    // Dropped just now, and old: gone. Written a moment ago: stays, since a manifest may be about to name it.
    writeFileSync(join(files, "0".repeat(64)), "half an import");
    await models.prune();
    expect(readdirSync(files)).toHaveLength(3);
  });

  it("are whole when another process collects while they are stored", async () => {
    await store().add(model("weights"));
    await store().remove("pump");
    class Interrupted extends ModelStore {
      protected override async tryOut(): Promise<void> {
        // Its file was here unused before, and is as old as that.
        await store().prune(0);
        expect(readdirSync(join(folder, "files"))).toEqual([]);
      }
    }
    const stored = await new Interrupted({ folder }).add(model("weights"));
    expect(Buffer.from((await store().read(stored)).get("model.json")!).toString()).toBe("weights");
  });

  it("keep the version that ran until another one does, whatever comes after it", async () => {
    const models = store({ keepVersions: 2 });
    const good = await models.add(model("good"));
    await models.hasRun(good);
    for (const text of ["bad 1", "bad 2", "bad 3"]) await models.add(model(text));
    expect(await models.versions("pump")).toEqual([1, 4]);
    expect(await store().lastRun("pump")).toBe(1);
    await models.hasRun(await models.get("pump"));
    await models.add(model("next"));
    expect(await models.versions("pump")).toEqual([4, 5]);
    await models.remove("pump");
    expect(await models.lastRun("pump")).toBeUndefined();
  });

  it("are not stored, nor put to use, when a trial speaks against them", async () => {
    class Careful extends ModelStore {
      protected override async tryOut({ manifest }: StoredModel): Promise<void> {
        if (manifest.version === "bad") throw new ModelError("it does not run");
      }
    }
    await store().add(model("a"));
    await store().add(model("b", { version: "bad" }));
    await store().add(model("c"));
    const careful = new Careful({ folder });
    await expect(careful.add(model("d", { version: "bad" }))).rejects.toThrow("it does not run");
    await expect(careful.activate("pump", 2, { allowRollback: true })).rejects.toThrow("it does not run");
    expect(await careful.versions("pump")).toEqual([1, 2, 3]);
    expect(await textOf(careful)).toBe("c");
  });

  it("go back to an older version only when asked", async () => {
    const models = store();
    await models.add(model("old"));
    await models.add(model("new"));
    await expect(models.activate("pump", 1)).rejects.toThrow("version 1 is older than 2, which is in use");
    await models.activate("pump", 1, { allowRollback: true });
    expect(await textOf(models)).toBe("old");
    expect((await models.add(model("newest"))).manifest.seq).toBe(3);
  });

  it("are gone when removed, and their numbers are not used again", async () => {
    const models = store();
    await models.add(model());
    await models.remove("pump");
    await expect(models.get("pump")).rejects.toThrow("there is none of this name");
    await expect(models.remove("pump")).rejects.toThrow("there is none of this name");
    expect(await models.list()).toEqual([]);
    expect((await models.add(model())).manifest.seq).toBe(2);
  });

  it("tell of their changes, also of those that another process makes", async () => {
    const [here, there] = [store(), store()];
    const told: string[] = [];
    const stop = here.onChange("pump", () => told.push("pump"));
    await here.add(model("1"));
    expect(told).toHaveLength(1);
    await there.add(model("2"));
    await here.refresh();
    expect(told).toHaveLength(2);
    await here.refresh();
    stop();
    await here.add(model("3"));
    expect(told).toHaveLength(2);
  });

  it("are numbered without gaps when processes store at the same time", async () => {
    const stores = [store({ keepVersions: 100 }), store({ keepVersions: 100 }), store({ keepVersions: 100 })];
    await Promise.all(Array.from({ length: 12 }, (_, i) => stores[i % 3]!.add(model(`${i}`))));
    expect(await stores[0]!.versions("pump")).toEqual(Array.from({ length: 12 }, (_, i) => i + 1));
  });
});

describe("models signed elsewhere", () => {
  const desk = newSigningKey("release desk");
  const second = newSigningKey("second desk");
  const trusted = [publicKey(desk.text, "release desk")];

  it("are taken from trusted keys only", async () => {
    const models = store({ trusted });
    expect((await models.install(...(await release(desk, 7)))).signedBy).toEqual([desk.kid]);
    expect(await textOf(models)).toBe("release 7");
    await expect(models.install(...(await release(second, 8)))).rejects.toThrow(`signed by ${second.kid}: expected a`);
    await expect(models.install(...(await release([], 8)))).rejects.toThrow("signed by nobody");
    expect(await textOf(models)).toBe("release 7");
  });

  it("need as many signatures as are asked for, by different keys", async () => {
    const both = [...trusted, publicKey(second.text, "second desk")];
    const models = store({ trusted: both, threshold: 2 });
    await expect(models.install(...(await release([desk, desk], 1)))).rejects.toThrow("expected 2 signatures");
    await models.install(...(await release([desk, second], 1)));
    // What this gateway trains is its own.
    expect((await models.add(model())).manifest.seq).toBe(2);
  });

  it("are not loaded any more when the key is not trusted any more", async () => {
    await store({ trusted }).install(...(await release(desk, 1)));
    await expect(store().get("pump")).rejects.toThrow("expected a signature of trusted keys");
    expect(await store().inspect()).toMatchObject({ models: [], problems: [{ name: "pump" }] });
  });

  it("never go back by themselves: replays and older ones are refused, the same again is nothing", async () => {
    const models = store({ trusted });
    const newest = await release(desk, 5);
    await models.install(...newest);
    expect((await models.install(...newest)).manifest.seq).toBe(5);
    await expect(models.install(...(await release(desk, 4)))).rejects.toThrow("not above 5");
    await expect(models.install(...(await release(desk, 5, "other")))).rejects.toThrow("not above 5");
    await models.remove("pump");
    await expect(models.install(...newest)).rejects.toThrow("not above 5");
    await models.install(...(await release(desk, 4)), { allowRollback: true });
    expect(await textOf(models)).toBe("release 4");
  });

  it("are refused when the file is not the signed one", async () => {
    const models = store({ trusted });
    const [signed, files] = await release(desk, 1);
    await expect(models.install(signed, new Map())).rejects.toThrow("did not come along");
    await expect(models.install(signed, new Map([["model.json", Buffer.from("x")]]))).rejects.toThrow("got 1");
    const changed = Buffer.from(files.get("model.json")!);
    changed[0]! ^= 1;
    await expect(models.install(signed, new Map([["model.json", changed]]))).rejects.toThrow("SHA-256 differs");
    expect(await models.list()).toEqual([]);
  });

  it("accept a public key as PEM too, and nothing else", () => {
    const pem = String(desk.key.export({ format: "pem", type: "spki" }));
    expect(publicKey(pem, "desk").kid).toBe(desk.kid);
    for (const text of [
      "",
      "short",
      `${desk.text}AAAA`,
      "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----",
    ]) {
      expect(() => publicKey(text, "desk")).toThrow('key "desk": expected an Ed25519 public key');
    }
  });
});

describe("what may be stored", () => {
  it.each([
    ["../up", /name: expected up to 64/],
    ["__proto__", /name: expected up to 64/],
    ["nul", /name: expected up to 64/],
    ["", /name: expected up to 64/],
  ])("not the name %j", async (name, reason) => {
    await expect(store().add(model("x", { name }))).rejects.toThrow(reason);
    await expect(store().get(name)).rejects.toThrow(ModelError);
    await expect(store().remove(name)).rejects.toThrow(ModelError);
  });

  it("not files with paths, nor none, nor a window that does not fit the input", async () => {
    const files = [{ name: "../../x", data: Buffer.from("x") }];
    await expect(store().add(model("", { files }))).rejects.toThrow("file name: expected");
    await expect(store().add(model("", { files: [] }))).rejects.toThrow("files: expected a list of 1 to 64");
    const preprocess = { kind: "window", sensors: ["a", "b", "c"], length: 4 } as const;
    await expect(store().add(model("", { preprocess }))).rejects.toThrow(
      'makes 12 values (4 rows of 3 sensors), but the input "input" of shape [-1, 2] takes 2',
    );
    expect(readdirSync(folder)).toEqual([]);
  });

  it("nothing where the disk does not take it, which is told, and the next is taken when it does again", async () => {
    const models = store();
    await models.add(model("one"));
    mkdirSync(join(folder, "models/pump/2.json"));
    const failed = models.add(model("two"));
    await expect(failed).rejects.toThrow(ModelError);
    await expect(failed).rejects.toThrow(/^the model store .* cannot be written: E/);
    rmSync(join(folder, "models/pump/2.json"), { recursive: true });
    expect(await textOf(store())).toBe("one");
    await models.add(model("two"));
    expect(await textOf(store())).toBe("two");
  });

  it("not more than fits", async () => {
    await expect(store({ maxModelBytes: 3 }).add(model("four"))).rejects.toThrow("has 4 bytes, more than the 3");
    const small = store({ maxBytes: 10, keepVersions: 1 });
    await small.add(model("12345678"));
    await expect(small.add(model("abc", { name: "other" }))).rejects.toThrow("the model store is full");
    expect(await textOf(small)).toBe("12345678");
  });
});

describe("what lies on the disk", () => {
  const fileOf = (): string => join(folder, "files", readdirSync(join(folder, "files"))[0]!);
  const manifestOf = (): string => join(folder, "models/pump/1.json");

  it("is the owner's alone where it is secret", async () => {
    await store().ownKey();
    const path = join(folder, "signing-key.pem");
    expect(statSync(path).mode & 0o777).toBe(0o600);
    chmodSync(path, 0o644);
    const again = await store().ownKey();
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(again.kid).toMatch(/^[0-9a-f]{16}$/);
    writeFileSync(path, "no key");
    await expect(store().ownKey()).rejects.toThrow("expected a PEM block with an Ed25519 private key");
    await expect(store().ownKey()).rejects.toThrow(/signing-key.pem: .* remove it for a new key: what it has signed/);
  });

  it("is not taken when it is damaged, and is mended by storing the model again", async () => {
    const models = store();
    await models.add(model("weights"));
    const stored = await models.get("pump");
    writeFileSync(fileOf(), "Weights");
    await expect(models.read(stored)).rejects.toThrow("model.json: SHA-256 differs from the signed one");
    writeFileSync(fileOf(), "weigh");
    await expect(models.read(stored)).rejects.toThrow("expected 7 bytes, found 5: damaged or truncated");
    rmSync(fileOf());
    await expect(models.read(stored)).rejects.toThrow("missing from the model store");
    await models.add(model("weights"));
    expect(await textOf(models)).toBe("weights");
  });

  it("whatever is done to a manifest, it is refused as such or it is the signed one", async () => {
    await store().add(model());
    const whole = readFileSync(manifestOf());
    const signedManifest = (await store().get("pump")).manifest;
    const damage = fc.oneof(
      fc.record({ at: fc.nat(whole.length - 1), bit: fc.nat(7) }).map(({ at, bit }) => {
        const changed = Buffer.from(whole);
        changed[at]! ^= 1 << bit;
        return changed;
      }),
      fc.nat(whole.length - 1).map((length) => whole.subarray(0, length)),
      fc.jsonValue().map((value) => Buffer.from(JSON.stringify(value))),
    );
    await fc.assert(
      fc.asyncProperty(damage, async (bytes) => {
        writeFileSync(manifestOf(), bytes);
        const found = await store()
          .get("pump")
          .catch((error: unknown) => error);
        // A bit in the unused end of a base64 text changes no byte.
        if (found instanceof ModelError) return;
        expect(found).toMatchObject({ manifest: signedManifest });
      }),
    );
  });

  it.each([
    ["emptied", (path: string) => writeFileSync(path, "")],
    ["half written", (path: string) => writeFileSync(path, '{"highest":3,"cur')],
    ["deleted", (path: string) => rmSync(path)],
  ])(
    "says which version is in use when the record of it was %s: the newest that can be trusted",
    async (_how, lose) => {
      for (const text of ["a", "b", "c"]) await store().add(model(text));
      const warnings: string[] = [];
      const models = store({ onWarning: (warning) => warnings.push(warning) });
      // The newest is damaged too: its number is still not used again.
      writeFileSync(join(folder, "models/pump/3.json"), "{}");
      lose(join(folder, "models/pump/state.json"));
      expect(await textOf(models)).toBe("b");
      expect(await models.inspect()).toMatchObject({ models: [{ manifest: { seq: 2 } }], problems: [] });
      expect(warnings).toEqual([
        expect.stringMatching(/^model pump: .* state.json is damaged or missing; .* in use: 2$/),
      ]);
      await models.activate("pump", 1, { allowRollback: true });
      expect(await textOf(store())).toBe("a");
      expect((await models.add(model("d"))).manifest.seq).toBe(4);
      expect(warnings).toHaveLength(1);
    },
  );

  it("is removed also when the record of the version in use is damaged, and says why nothing can be used", async () => {
    await store().add(model());
    writeFileSync(join(folder, "models/pump/state.json"), "");
    writeFileSync(manifestOf(), "{}");
    await expect(store().get("pump")).rejects.toThrow("model pump: signed manifest.payload");
    await store().remove("pump");
    expect(await store().inspect()).toEqual({ models: [], problems: [] });
  });

  it("is refused under another name", async () => {
    const models = store();
    await models.add(model());
    await models.add(model("x", { name: "fan" }));
    writeFileSync(join(folder, "models/fan/1.json"), readFileSync(manifestOf()));
    await expect(models.get("fan")).rejects.toThrow("the file holds pump, version 1: files were moved");
  });

  it("is cleaned of what an interrupted write has left", async () => {
    const models = store();
    await models.add(model());
    writeFileSync(`${fileOf()}.abc.tmp`, "half");
    expect(await models.prune()).toBe(0);
    expect(await models.prune(0)).toBe(1);
    expect(await textOf(models)).toBe("weights");
  });
});
