import { checkDeviceId, describe, isPrototypeKey, ReadingError } from "../reading";
import { DEVICE_STATUSES, type DeviceFields, type DeviceStatus, RegistryError } from "./device";

const MAX_TEXT = 256;
const MAX_TAGS = 64;
const MAX_CONFIGURATION = 65_536;
const MAX_DEPTH = 32;
const YEAR_S = 366 * 24 * 3600;

type Check = (value: unknown, field: string) => unknown;

const CHECKS: ReadonlyMap<string, Check> = new Map<string, Check>([
  ["name", checkText],
  ["type", checkText],
  ["location", checkText],
  ["tags", checkTags],
  ["firmwareVersion", checkText],
  ["battery", (value, field) => checkNumber(value, field, 0, 100, "percent from 0 to 100")],
  ["offlineAfter", (value, field) => checkNumber(value, field, 1, YEAR_S, "seconds, 1 to one year")],
  ["configuration", checkConfiguration],
  ["status", checkStatus],
]);

/** The names of the fields that a device may be given, in the order in which they are shown and exported. */
export const FIELD_NAMES: readonly string[] = [...CHECKS.keys()];

/** Fields that a device has of its own accord: accepted with an exported device, and not taken over. */
const OWN_FIELDS = new Set(["id", "lastSeen", "registered"]);

/** Returns the id, or throws RegistryError "invalid". */
export function checkId(id: unknown, path = "id"): string {
  try {
    return checkDeviceId(id, path);
  } catch (error) {
    throw error instanceof ReadingError ? new RegistryError("invalid", error.message) : error;
  }
}

/**
 * Checks what somebody gives as the fields of a device. Missing and undefined fields stay missing; null is kept and
 * means "remove".
 * @throws RegistryError "invalid" naming the field and what was expected
 */
export function checkFields(raw: unknown): DeviceFields {
  if (typeof raw !== "object" || raw === null || Array.isArray(raw)) {
    throw invalid(`expected an object with the fields of a device, got ${describe(raw)}`);
  }
  const fields: Record<string, unknown> = Object.create(null);
  for (const [field, value] of Object.entries(raw)) {
    if (OWN_FIELDS.has(field) || value === undefined) continue;
    const check = CHECKS.get(field);
    if (!check) throw invalid(`${field}: no such field; expected some of ${FIELD_NAMES.join(", ")}`);
    fields[field] = value === null && field !== "status" ? null : check(value, field);
  }
  return fields as DeviceFields;
}

/**
 * Checks what a device says of itself: its status as plain text, or an object, in which what no device has is passed over.
 * @throws RegistryError "invalid"
 */
export function checkReport(report: unknown): DeviceFields {
  if (typeof report === "string") return checkFields({ status: report.trim().toLowerCase() });
  if (typeof report !== "object" || report === null || Array.isArray(report)) return checkFields(report);
  const told = new Map<string, unknown>();
  for (const [name, value] of Object.entries(report)) {
    const field = name === "firmware" ? "firmwareVersion" : name;
    if (CHECKS.has(field)) told.set(field, value);
  }
  return checkFields(Object.fromEntries(told));
}

export function checkStatus(value: unknown, field = "status"): DeviceStatus {
  if (DEVICE_STATUSES.includes(value as DeviceStatus)) return value as DeviceStatus;
  throw invalid(`${field}: expected one of ${DEVICE_STATUSES.join(", ")}, got ${describe(value)}`);
}

function checkText(value: unknown, field: string): string {
  if (typeof value !== "string") throw invalid(`${field}: expected a text, got ${describe(value)}`);
  if (value.length > MAX_TEXT) {
    throw invalid(`${field}: expected at most ${MAX_TEXT} characters, got ${value.length}`);
  }
  return value;
}

function checkTags(value: unknown, field: string): readonly string[] {
  if (!Array.isArray(value)) throw invalid(`${field}: expected a list of texts, got ${describe(value)}`);
  const tags = [...new Set(value.map((tag, index) => checkText(tag, `${field}[${index}]`)))];
  if (tags.includes("")) throw invalid(`${field}: a tag must not be empty`);
  if (tags.length > MAX_TAGS) throw invalid(`${field}: expected at most ${MAX_TAGS} tags, got ${tags.length}`);
  return tags;
}

function checkNumber(value: unknown, field: string, min: number, max: number, expected: string): number {
  if (typeof value === "number" && value >= min && value <= max) return value;
  throw invalid(`${field}: expected ${expected}, got ${describe(value)}`);
}

/** Copies a JSON object; what JSON cannot hold, reserved keys, depth and size are refused. */
function checkConfiguration(value: unknown, field: string): Readonly<Record<string, unknown>> {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw invalid(`${field}: expected an object, got ${describe(value)}`);
  }
  const copy = copyJson(value, field, 0);
  const size = JSON.stringify(copy).length;
  if (size > MAX_CONFIGURATION) {
    throw invalid(`${field}: expected at most ${MAX_CONFIGURATION} characters of JSON, got ${size}`);
  }
  return copy as Record<string, unknown>;
}

function copyJson(value: unknown, path: string, depth: number): unknown {
  if (value === null || typeof value === "boolean" || typeof value === "string") return value;
  if (typeof value === "number" && Number.isFinite(value)) return value;
  if (typeof value !== "object") throw invalid(`${path}: expected JSON, got ${describe(value)}`);
  if (depth >= MAX_DEPTH) throw invalid(`${path}: expected at most ${MAX_DEPTH} levels`);
  if (Array.isArray(value)) return value.map((item, index) => copyJson(item, `${path}[${index}]`, depth + 1));
  const copy: Record<string, unknown> = {};
  for (const [key, item] of Object.entries(value)) {
    if (isPrototypeKey(key)) throw invalid(`${path}: the key "${key}" is reserved`);
    if (item !== undefined) copy[key] = copyJson(item, `${path}.${key}`, depth + 1);
  }
  return copy;
}

function invalid(message: string): RegistryError {
  return new RegistryError("invalid", message);
}
