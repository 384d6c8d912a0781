import { sign as signBytes, verify as verifyBytes } from "node:crypto";
import { ModelError, type SignedObject } from "../contract";
import { Fields } from "../fields";
import { MAX_MANIFEST_BYTES } from "../manifest";
import type { PublicKey, SigningKey } from "./keys";

const SIGNATURE_LENGTH = 64;
const MAX_SIGNATURES = 16;

/** Who is believed. */
export interface Trust {
  /** This gateway's own key: what it signed needs no other. */
  readonly own?: PublicKey;
  readonly others: readonly PublicKey[];
  /** How many of the others must have signed. */
  readonly threshold: number;
}

export interface Verified {
  /** The exact bytes that were signed. */
  readonly payload: Buffer;
  /** Ids of the trusted keys that signed. */
  readonly signedBy: readonly string[];
}

/** Signs the bytes as they are (Ed25519, RFC 8032); nothing is ever serialised again to be verified. */
export function sign(payload: Uint8Array, keys: readonly SigningKey[]): SignedObject {
  return {
    payload: Buffer.from(payload).toString("base64url"),
    sigs: keys.map(({ kid, privateKey }) => ({ kid, sig: signBytes(null, payload, privateKey).toString("base64url") })),
  };
}

/**
 * @param signed anything that claims to be a signed object
 * @throws ModelError when it is none, a trusted key's signature is wrong, or too few trusted keys have signed
 */
export function verify(signed: unknown, trust: Trust): Verified {
  const { payload, sigs } = checkSigned(signed);
  const bytes = Buffer.from(payload, "base64url");
  const keys = new Map([trust.own, ...trust.others].flatMap((key) => (key ? [[key.kid, key] as const] : [])));
  const signedBy = new Set<string>();
  for (const { kid, sig } of sigs) {
    const key = keys.get(kid);
    if (!key) continue;
    const signature = Buffer.from(sig, "base64url");
    if (signature.length !== SIGNATURE_LENGTH || !verifyBytes(null, bytes, key.key, signature)) {
      throw new ModelError(`the signature of "${key.name}" (${kid}) is wrong: the manifest was changed or damaged`);
    }
    signedBy.add(kid);
  }
  const others = [...signedBy].filter((kid) => kid !== trust.own?.kid).length;
  const isOwn = trust.own !== undefined && signedBy.has(trust.own.kid);
  if (isOwn || others >= trust.threshold) return { payload: bytes, signedBy: [...signedBy] };
  const by = sigs.length === 0 ? "nobody" : sigs.map(({ kid }) => kid).join(", ");
  throw new ModelError(
    `signed by ${by}: expected ${trust.threshold > 1 ? `${trust.threshold} signatures` : "a signature"} of trusted keys`,
  );
}

/** The object when it has the form of a signed one; says nothing about who signed. @throws ModelError */
export function checkSigned(value: unknown): SignedObject {
  const fields = new Fields("signed manifest", value);
  const payload = fields.text("payload", Math.ceil((MAX_MANIFEST_BYTES * 4) / 3));
  if (!/^[A-Za-z0-9_-]+$/.test(payload)) throw new ModelError("signed manifest.payload: expected base64url");
  const sigs = fields.list("sigs", 0, MAX_SIGNATURES, (one, path) => {
    const parts = new Fields(path, one);
    return { kid: parts.text("kid", 128), sig: parts.text("sig", 128) };
  });
  return { payload, sigs };
}
