import { execFileSync } from "node:child_process";
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { basename, join, relative } from "node:path";
import { root } from "./pack";

/** What a checkout has beside its sources. */
const NOT_SOURCES = new Set(["node_modules", "dist", "coverage", ".git", ".gatewise"]);

/** Says whether the npm registry answers; tests that install from it are skipped without it, and fail under CI. */
export function offline(): boolean {
  try {
    npm(["ping", "--fetch-timeout=10000", "--fetch-retries=1"], tmpdir());
    return false;
  } catch {
    if (process.env.CI) throw new Error("CI must not skip: the npm registry does not answer");
    console.log("skipped: needs the npm registry");
    return true;
  }
}

/** Runs npm and returns what it wrote. */
export function npm(args: readonly string[], cwd: string): string {
  return execFileSync("npm", args, {
    cwd,
    encoding: "utf8",
    stdio: ["ignore", "pipe", "pipe"],
    maxBuffer: 64 * 1024 * 1024,
  });
}

/**
 * Packs the sources as a release does: in a copy of them, because packing begins with an empty dist/ and other tests are
 * reading the checkout's.
 * @returns the tarball's path in `folder`
 */
export function packSources(folder: string): string {
  const copy = mkdtempSync(join(folder, "sources-"));
  cpSync(root, copy, {
    recursive: true,
    filter: (path) => !NOT_SOURCES.has(relative(root, path)) && !path.endsWith(".tgz"),
  });
  symlinkSync(join(root, "node_modules"), join(copy, "node_modules"));
  npm(["pack", "--pack-destination", folder], copy);
  rmSync(copy, { recursive: true, force: true });
  const tarball = readdirSync(folder).find((name) => name.endsWith(".tgz"));
  if (!tarball) throw new Error("npm pack has made no tarball");
  return join(folder, tarball);
}

/** Unpacks a tarball and returns the package's folder. */
export function unpack(tarball: string, folder: string): string {
  execFileSync("tar", ["-xzf", tarball, "-C", folder]);
  return join(folder, "package");
}

/** Installs a tarball into a user directory as a user would. */
export function installTarball(tarball: string): (userDir: string) => void {
  return (userDir) => void npm(["install", tarball, "--no-audit", "--no-fund", "--prefer-offline"], userDir);
}

/**
 * The folder of a node-red of exactly this version, installed once and kept among the checkout's caches.
 * @param version such as "4.1.8"
 */
export function nodeRedOf(version: string): string {
  const cache = join(root, "node_modules/.cache/gatewise");
  const home = join(cache, `node-red-${version}`);
  if (!existsSync(home)) {
    mkdirSync(cache, { recursive: true });
    // Under another name until it is complete: an interrupted installation must not be taken for one.
    const draft = mkdtempSync(join(cache, `${basename(home)}-`));
    writeFileSync(join(draft, "package.json"), '{ "private": true }\n');
    npm(["install", `node-red@${version}`, "--save-exact", "--no-audit", "--no-fund", "--prefer-offline"], draft);
    if (!existsSync(home)) renameSync(draft, home);
    else rmSync(draft, { recursive: true, force: true });
  }
  return join(home, "node_modules/node-red");
}
