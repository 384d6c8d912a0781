import { createHash, createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject } from "node:crypto";
import { ModelError } from "../contract";

/** DER of an Ed25519 public key is this, then the 32 bytes (RFC 8410, section 4). */
const SPKI_PREFIX = Buffer.from("302a300506032b6570032100", "hex");
const RAW_LENGTH = 32;

export interface PublicKey {
  /** First 16 hex digits of the SHA-256 of the 32 key bytes: names the key in signatures. */
  readonly kid: string;
  /** Whose it is, for people. */
  readonly name: string;
  readonly key: KeyObject;
  /** The 32 bytes in base64url, as it is written in configurations. */
  readonly text: string;
}

export interface SigningKey extends PublicKey {
  readonly privateKey: KeyObject;
}

/**
 * @param text the 32 bytes in base64 or base64url, or a PEM block "PUBLIC KEY"
 * @throws ModelError
 */
export function publicKey(text: string, name: string): PublicKey {
  const trimmed = text.trim();
  try {
    return named(trimmed.startsWith("-----") ? createPublicKey(trimmed) : fromRaw(trimmed), name);
  } catch (error) {
    const reason = error instanceof ModelError ? error.message : "this is none";
    throw new ModelError(`key "${name}": expected an Ed25519 public key, 32 bytes in base64 or a PEM block; ${reason}`);
  }
}

function fromRaw(text: string): KeyObject {
  const raw = Buffer.from(text, "base64url");
  if (!/^[A-Za-z0-9+/_-]+=*$/.test(text) || raw.length !== RAW_LENGTH) throw new ModelError("this is no such key");
  return createPublicKey({ key: Buffer.concat([SPKI_PREFIX, raw]), format: "der", type: "spki" });
}

function named(key: KeyObject, name: string): PublicKey {
  if (key.asymmetricKeyType !== "ed25519") throw new ModelError(`this is a key for ${key.asymmetricKeyType}`);
  const raw = key.export({ format: "der", type: "spki" }).subarray(SPKI_PREFIX.length);
  const kid = createHash("sha256").update(raw).digest("hex").slice(0, 16);
  return { kid, name, key, text: raw.toString("base64url") };
}

/** A new key pair. */
export function newSigningKey(name: string): SigningKey {
  const { privateKey } = generateKeyPairSync("ed25519");
  return { ...named(createPublicKey(privateKey), name), privateKey };
}

/** @throws ModelError when the text is no private key of that kind */
export function signingKeyFrom(pem: string, name: string): SigningKey {
  try {
    const privateKey = createPrivateKey(pem);
    return { ...named(createPublicKey(privateKey), name), privateKey };
  } catch (error) {
    const reason = error instanceof ModelError ? `: ${error.message}` : "";
    throw new ModelError(`key "${name}": expected a PEM block with an Ed25519 private key${reason}`);
  }
}

export function signingKeyText({ privateKey }: SigningKey): string {
  return String(privateKey.export({ format: "pem", type: "pkcs8" }));
}
