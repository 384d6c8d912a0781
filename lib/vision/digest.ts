import { createHash, randomBytes } from "node:crypto";

export interface Login {
  readonly user: string;
  readonly password: string;
}

const HASHES: Readonly<Record<string, string>> = { md5: "md5", "sha-256": "sha256" };

/**
 * The Authorization header that answers a server's WWW-Authenticate: Basic (RFC 7617) or Digest with MD5 or SHA-256
 * (RFC 7616), which most network cameras ask for. Undefined when it asks for something else.
 */
export function authorization(
  challenge: string,
  login: Login,
  request: { readonly method: string; readonly path: string },
  clientNonce: string = randomBytes(12).toString("hex"),
): string | undefined {
  const digest = /\bdigest\s+(.*)$/i.exec(challenge)?.[1];
  if (digest) return digestAnswer(parametersOf(digest), login, request, clientNonce);
  return /\bbasic\b/i.test(challenge) ? basic(login) : undefined;
}

function basic({ user, password }: Login): string {
  return `Basic ${Buffer.from(`${user}:${password}`).toString("base64")}`;
}

function digestAnswer(
  challenge: ReadonlyMap<string, string>,
  { user, password }: Login,
  { method, path }: { readonly method: string; readonly path: string },
  clientNonce: string,
): string | undefined {
  const algorithm = challenge.get("algorithm") ?? "MD5";
  const hash = HASHES[algorithm.toLowerCase()];
  const nonce = challenge.get("nonce");
  const offered = challenge.get("qop");
  const withQop = offered?.split(",").some((each) => each.trim().toLowerCase() === "auth") ?? false;
  if (!hash || nonce === undefined || (offered !== undefined && !withQop)) return undefined;
  const hex = (text: string): string => createHash(hash).update(text).digest("hex");
  const realm = challenge.get("realm") ?? "";
  const [a1, a2] = [hex(`${user}:${realm}:${password}`), hex(`${method}:${path}`)];
  const count = "00000001";
  const response = withQop ? hex(`${a1}:${nonce}:${count}:${clientNonce}:auth:${a2}`) : hex(`${a1}:${nonce}:${a2}`);
  const opaque = challenge.get("opaque");
  return [
    `Digest username="${quoted(user)}", realm="${quoted(realm)}", nonce="${quoted(nonce)}", uri="${path}"`,
    `response="${response}", algorithm=${algorithm}`,
    ...(withQop ? [`qop=auth, nc=${count}, cnonce="${clientNonce}"`] : []),
    ...(opaque === undefined ? [] : [`opaque="${quoted(opaque)}"`]),
  ].join(", ");
}

function parametersOf(text: string): ReadonlyMap<string, string> {
  const pairs = text.matchAll(/([a-z0-9-]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,]+))/gi);
  return new Map(
    [...pairs].map(([, name, inQuotes, plain]) => [
      String(name).toLowerCase(),
      inQuotes === undefined ? String(plain) : inQuotes.replace(/\\(.)/g, "$1"),
    ]),
  );
}

function quoted(text: string): string {
  return text.replace(/[\\"]/g, "\\$&");
}
