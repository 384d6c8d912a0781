import { execFileSync } from "node:child_process";
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type RequestListener, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import sharp from "sharp";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { isRunning } from "../../test/support/processes";
import { type CameraOptions, takePicture } from "./camera";
import { DECODE_LIMITS, ImageDecoder } from "./decode";
import { authorization } from "./digest";
import { fetchSnapshot } from "./http-snapshot";
import { readImageFile } from "./image-file";

const image = (width = 40, height = 20): Promise<Buffer> =>
  sharp({ create: { width, height, channels: 3, background: { r: 255, g: 0, b: 0 } } })
    .png()
    .toBuffer();

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "gatewise-vision-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

describe("decoding", () => {
  const decoder = new ImageDecoder(DECODE_LIMITS);

  it("gives grey of a width, and colours in a model's size", async () => {
    const grey = await decoder.grey(await image(), 10);
    expect(grey).toMatchObject({ width: 10, height: 5, channels: 1 });
    expect(grey.data).toHaveLength(50);
    const fitted = await decoder.resized(await image(), { width: 8, height: 8 }, 3, "contain");
    // Two rows of grey above the red.
    expect([...fitted.data.subarray(0, 3)]).toEqual([114, 114, 114]);
    expect([...fitted.data.subarray(3 * 8 * 4, 3 * 8 * 4 + 3)]).toEqual([255, 0, 0]);
    const covered = await decoder.resized(await image(), { width: 8, height: 8 }, 3, "cover");
    expect([...covered.data.subarray(0, 3)]).toEqual([255, 0, 0]);
  });

  it("turns images as the camera says", async () => {
    const turned = await sharp(await image())
      .withMetadata({ orientation: 6 })
      .jpeg()
      .toBuffer();
    expect(await decoder.size(turned)).toEqual({ width: 20, height: 40 });
    expect(await decoder.grey(turned, 10)).toMatchObject({ width: 10, height: 20 });
  });

  it("refuses what is no image, or a damaged one, with the reason", async () => {
    const good = await sharp(await image(400, 400))
      .jpeg()
      .toBuffer();
    await expect(decoder.grey(Buffer.from("<svg xmlns='http://www.w3.org/2000/svg'/>"), 10)).rejects.toThrow(
      /^expected a JPEG, PNG, WebP, GIF, TIFF or AVIF image, got 41 bytes/,
    );
    await expect(decoder.grey(Buffer.alloc(0), 10)).rejects.toThrow(/got 0 bytes \(nothing\)/);
    await expect(decoder.grey(good.subarray(0, good.length / 2), 10)).rejects.toThrow(
      /^the jpeg image cannot be decoded/,
    );
    const noise = Buffer.concat([good.subarray(0, 3), Buffer.alloc(500, 7)]);
    await expect(decoder.grey(noise, 10)).rejects.toThrow(/^the jpeg image cannot be decoded/);
  });

  it("does not open an image that is larger than its file looks", async () => {
    const huge = await image(5000, 5000);
    expect(huge.length).toBeLessThan(500_000);
    const careful = new ImageDecoder({ maxBytes: 1e6, maxPixels: 1e6 });
    await expect(careful.grey(huge, 10)).rejects.toThrow("it has more than 1000000 pixels");
    await expect(new ImageDecoder({ maxBytes: 10, maxPixels: 1e6 }).grey(huge, 10)).rejects.toThrow(/at most 10 bytes/);
  });
});

describe("snapshots by HTTP", () => {
  let server: Server | undefined;
  afterEach(
    () =>
      new Promise<void>((resolve) => {
        server?.closeAllConnections();
        if (server) server.close(() => resolve());
        else resolve();
        server = undefined;
      }),
  );

  async function serving(listener: RequestListener): Promise<string> {
    server = createServer(listener);
    await new Promise<void>((resolve) => server?.listen(0, "127.0.0.1", resolve));
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  }

  const snapshot = (url: string, over: object = {}) => fetchSnapshot({ url, timeoutMs: 5000, maxBytes: 1e6, ...over });

  it("are fetched, also after a redirect on the same server", async () => {
    const bytes = await image();
    const url = await serving((request, response) => {
      if (request.url === "/old") response.writeHead(302, { location: "/new.png" }).end();
      else response.end(bytes);
    });
    expect(await snapshot(`${url}/old`)).toEqual(bytes);
  });

  it("are never fetched from another server than the configured one", async () => {
    let asked = 0;
    const url = await serving((_, response) => {
      asked += 1;
      response.writeHead(302, { location: "http://localhost:1/secret" }).end();
    });
    await expect(snapshot(`${url}/`)).rejects.toThrow(/sends to localhost:1: only the server of the URL is asked/);
    expect(asked).toBe(1);
    const round = await serving((_, response) => response.writeHead(302, { location: "/again" }).end());
    await expect(snapshot(round)).rejects.toThrow(/more than 3 redirects/);
  });

  it("log in as the camera asks", async () => {
    const seen: string[] = [];
    const url = await serving((request, response) => {
      seen.push(request.headers.authorization ?? "none");
      if (!request.headers.authorization) {
        response.writeHead(401, { "www-authenticate": 'Digest realm="cam", qop="auth", nonce="n1", opaque="o"' }).end();
      } else response.end("image");
    });
    const login = { user: "admin", password: "secret" };
    expect(String(await snapshot(`${url}/snap?channel=1`, { login }))).toBe("image");
    expect(seen[0]).toBe("none");
    expect(seen[1]).toMatch(/^Digest username="admin", realm="cam", nonce="n1", uri="\/snap\?channel=1"/);
    expect(seen[1]).not.toContain("secret");
  });

  it("are given up when the camera is closed", async () => {
    const closing = new AbortController();
    const url = await serving(() => closing.abort());
    await expect(snapshot(url, { signal: closing.signal })).rejects.toThrow(/127\.0\.0\.1:\d+: .*abort/);
  });

  it("that are refused, too large, too slow or not there are told so", async () => {
    const url = await serving((request, response) => {
      if (request.url === "/large") response.end(Buffer.alloc(2000));
      else if (request.url === "/endless") response.write(Buffer.alloc(2000));
      else if (request.url === "/busy") response.writeHead(503).end("busy");
      else if (request.url === "/broken") request.socket.destroy();
    });
    await expect(snapshot(`${url}/large`, { maxBytes: 1000 })).rejects.toThrow("larger than 1000 bytes");
    await expect(snapshot(`${url}/endless`, { maxBytes: 1000 })).rejects.toThrow("larger than 1000 bytes");
    await expect(snapshot(`${url}/busy`)).rejects.toThrow(/answered 503/);
    await expect(snapshot(`${url}/silent`, { timeoutMs: 100 })).rejects.toThrow("no image within 100 ms");
    await expect(snapshot(`${url}/broken`)).rejects.toThrow(/127\.0\.0\.1:\d+: /);
    await expect(snapshot("file:///etc/passwd")).rejects.toThrow(/expected http or https/);
    await expect(snapshot("http://user:pw@camera/")).rejects.toThrow(/enter them as credentials/);
  });

  it("answer a challenge as the RFCs' examples do", () => {
    // RFC 7616, 3.9.1.
    const login = { user: "Mufasa", password: "Circle of Life" };
    const challenge = (algorithm: string) =>
      `Digest realm="http-auth@example.org", qop="auth, auth-int", algorithm=${algorithm}, nonce="7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v", opaque="FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS"`;
    const nonce = "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ";
    const request = { method: "GET", path: "/dir/index.html" };
    expect(authorization(challenge("MD5"), login, request, nonce)).toContain(
      'response="8ca523f5e9506fed4657c9700eebdbec"',
    );
    expect(authorization(challenge("SHA-256"), login, request, nonce)).toContain(
      'response="753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"',
    );
    // RFC 7617, 2.
    const aladdin = { user: "Aladdin", password: "open sesame" };
    expect(authorization('Basic realm="x"', aladdin, request)).toBe("Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==");
    expect(authorization("Negotiate", login, request)).toBeUndefined();
  });
});

describe("a camera's program", () => {
  /** Stands in for a camera program: a script that shows what it was called with. */
  function standIn(script: string): string {
    const path = join(folder, "camera");
    writeFileSync(path, `#!/bin/sh\n${script}\n`);
    chmodSync(path, 0o755);
    return path;
  }

  const options = (path: string, over: Partial<CameraOptions> = {}): CameraOptions => ({
    program: "rpicam",
    path,
    device: "",
    width: 640,
    height: 480,
    timeoutMs: 5000,
    maxBytes: 1000,
    ...over,
  });

  it("gives an image to its standard output", async () => {
    const path = standIn('echo "$@"');
    expect(String(await takePicture(options(path)))).toBe(
      "--nopreview --immediate --width 640 --height 480 --encoding jpg --output -\n",
    );
    expect(String(await takePicture(options(path, { program: "ffmpeg", device: "/dev/video2" })))).toContain(
      "-i /dev/video2",
    );
    expect(String(await takePicture(options(path, { program: "v4l2" })))).toContain("--device=/dev/video0");
  });

  it("that is missing, fails, hangs or does not end is told so, and ended", async () => {
    const missing = join(folder, "none");
    await expect(takePicture(options(missing))).rejects.toThrow(/is not installed \(sudo apt install rpicam-apps\)/);
    await expect(takePicture(options(standIn("echo no camera available >&2; exit 1")))).rejects.toThrow(
      /no camera available/,
    );
    await expect(takePicture(options(standIn("exit 0")))).rejects.toThrow(/ended with 0 and no image/);
    await expect(takePicture(options(standIn("exec sleep 60"), { timeoutMs: 100 }))).rejects.toThrow(
      "no image within 100 ms",
    );
    await expect(takePicture(options(standIn("exec cat /dev/zero")))).rejects.toThrow("larger than 1000 bytes");
  });

  it("that is a script does not outlive being given up, nor do the programs it has started", async () => {
    await expect(takePicture(options(standIn("sleep 60; sleep 60"), { timeoutMs: 100 }))).rejects.toThrow(
      "no image within 100 ms",
    );
    const started = join(folder, "started");
    const path = standIn(`sleep 60 & echo $! > ${started}.tmp; mv ${started}.tmp ${started}; wait`);
    const closing = new AbortController();
    const picture = takePicture(options(path, { timeoutMs: 60_000 }), closing.signal);
    await vi.waitFor(() => expect(existsSync(started)).toBe(true), { timeout: 20_000 });
    closing.abort();
    await expect(picture).rejects.toThrow(/given up, because the camera is closed/);
    const sleeping = Number(readFileSync(started, "utf8"));
    await vi.waitFor(() => expect(isRunning(sleeping)).toBe(false), { timeout: 20_000 });
    await expect(takePicture(options(path), closing.signal)).rejects.toThrow(/camera is closed/);
  }, 50_000);

  it("that cannot be ended is not started a second time", async () => {
    const starts = join(folder, "starts");
    const path = standIn(`echo $$ >> ${starts}; exec sleep 60`);
    const kill = process.kill.bind(process);
    // As a program does that waits in its driver.
    const spy = vi
      .spyOn(process, "kill")
      .mockImplementation((pid, signal) => signal === "SIGKILL" || kill(pid, signal));
    try {
      const closing = new AbortController();
      const first = takePicture(options(path), closing.signal);
      await vi.waitFor(() => expect(existsSync(starts)).toBe(true), { timeout: 20_000 });
      closing.abort();
      await expect(first).rejects.toThrow(/camera is closed/);
      await expect(takePicture(options(path, { timeoutMs: 50 }))).rejects.toThrow(/is stuck in the camera's driver/);
    } finally {
      spy.mockRestore();
    }
    const pids = readFileSync(starts, "utf8").trim().split("\n");
    expect(pids).toHaveLength(1);
    kill(Number(pids[0]), "SIGKILL");
    writeFileSync(path, "#!/bin/sh\necho image\n");
    expect(String(await takePicture(options(path)))).toBe("image\n");
  }, 50_000);

  it("gets no device that is another option", () => {
    expect(() => takePicture(options("x", { device: "0 --output /etc/passwd" }))).toThrow(
      /expected the camera's number/,
    );
    expect(() => takePicture(options("x", { program: "ffmpeg", device: "-i" }))).toThrow(/expected a device/);
  });
});

describe("an image file", () => {
  it("is read as it is, unless it is none or too large", async () => {
    const path = join(folder, "a.png");
    const bytes = await image();
    writeFileSync(path, bytes);
    expect(await readImageFile(path, 1e6)).toEqual(bytes);
    await expect(readImageFile(path, 10)).rejects.toThrow(/larger than 10 bytes/);
    await expect(readImageFile(folder, 1e6)).rejects.toThrow(/is no file/);
    await expect(readImageFile("/dev/zero", 1e6)).rejects.toThrow(/is no file/);
    await expect(readImageFile(join(folder, "none"), 10)).rejects.toThrow(/ENOENT/);
    const pipe = join(folder, "pipe");
    execFileSync("mkfifo", [pipe]);
    await expect(readImageFile(pipe, 10)).rejects.toThrow(/is no file but a pipe/);
  });
});
