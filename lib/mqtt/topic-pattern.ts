import { isPrototypeKey } from "../reading";
import { MqttError } from "./contract";

/** What a topic's named parts said. `parts` holds all of them by name, with no prototype. */
export interface TopicMatch {
  readonly deviceId?: string;
  readonly sensor?: string;
  /** The parts that are neither device nor sensor: they become metadata of the readings. */
  readonly metadata?: Readonly<Record<string, string>>;
  readonly parts: Readonly<Record<string, string>>;
}

export interface TopicPattern {
  readonly pattern: string;
  /** The MQTT topic filter that subscribes to what the pattern matches. */
  readonly filter: string;
  /** The parts of a topic, or undefined when it does not match. */
  match(topic: string): TopicMatch | undefined;
}

const PART = /^\{([A-Za-z_][A-Za-z0-9_-]*)(\.\.\.)?\}$/;
const DEVICE_NAMES = new Set(["device", "deviceId", "id"]);
const MAX_TOPIC_BYTES = 65_535;
/** The one character that MQTT forbids in topics [MQTT-4.7.3-2]. */
const NUL = "\0";

type Level =
  | { readonly kind: "literal"; readonly text: string }
  | { readonly kind: "part"; readonly name: string }
  | { readonly kind: "any" }
  | { readonly kind: "rest"; readonly name: string | undefined };

/**
 * Compiles a topic pattern: `site/{site}/{device}/{sensor}`. A part in braces stands for one level and is given a name:
 * `device` (or `id`) is the reading's device, `sensor` its sensor, any other becomes metadata. `{rest...}` as the last
 * level takes all that follow; `+` and `#` match without a name. Levels are those of MQTT 5, section 4.7.
 * @throws MqttError saying what is wrong with the pattern
 */
export function compileTopicPattern(pattern: string): TopicPattern {
  const levels = pattern.split("/").map((level, index, all) => parseLevel(level, index === all.length - 1, pattern));
  const names = levels.flatMap((level) => ("name" in level && level.name !== undefined ? [level.name] : []));
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice !== undefined) throw refuse(pattern, `{${twice}} occurs twice`);
  const filter = levels.map(filterOf).join("/");
  if (filter === "" || Buffer.byteLength(filter) > MAX_TOPIC_BYTES) throw refuse(pattern, "is empty or too long");
  return { pattern, filter, match: (topic) => matchLevels(levels, topic) };
}

function parseLevel(level: string, isLast: boolean, pattern: string): Level {
  if (level === "+") return { kind: "any" };
  if (level === "#") return rest(undefined, isLast, pattern);
  const part = PART.exec(level);
  if (part) {
    const name = part[1] as string;
    if (isPrototypeKey(name)) throw refuse(pattern, `the name "${name}" is reserved`);
    return part[2] ? rest(name, isLast, pattern) : { kind: "part", name };
  }
  if (/[+#{}]/.test(level) || level.includes(NUL)) {
    throw refuse(pattern, `"${level}" is neither a plain level nor one {name}, "+" or "#" that fills the level`);
  }
  return { kind: "literal", text: level };
}

function rest(name: string | undefined, isLast: boolean, pattern: string): Level {
  if (!isLast) throw refuse(pattern, `"${name === undefined ? "#" : `{${name}...}`}" must be the last level`);
  return { kind: "rest", name };
}

function refuse(pattern: string, reason: string): MqttError {
  return new MqttError("settings", `topic pattern "${pattern}": ${reason}`);
}

function filterOf(level: Level): string {
  if (level.kind === "literal") return level.text;
  return level.kind === "rest" ? "#" : "+";
}

function matchLevels(levels: readonly Level[], topic: string): TopicMatch | undefined {
  // A filter that begins with a wildcard does not match topics that begin with "$" [MQTT-4.7.2-1].
  if (topic.startsWith("$") && levels[0]?.kind !== "literal") return undefined;
  const given = topic.split("/");
  const parts: Record<string, string> = Object.create(null);
  for (const [index, level] of levels.entries()) {
    if (level.kind === "rest") {
      if (level.name !== undefined && given.length > index) parts[level.name] = given.slice(index).join("/");
      return sortOut(parts);
    }
    const text = given[index];
    if (text === undefined) return undefined;
    if (level.kind === "literal" && level.text !== text) return undefined;
    if (level.kind === "part") parts[level.name] = text;
  }
  return given.length === levels.length ? sortOut(parts) : undefined;
}

function sortOut(parts: Record<string, string>): TopicMatch {
  const match: {
    deviceId?: string;
    sensor?: string;
    metadata?: Record<string, string>;
    parts: Record<string, string>;
  } = { parts };
  for (const [name, text] of Object.entries(parts)) {
    if (DEVICE_NAMES.has(name)) match.deviceId = text;
    else if (name === "sensor") match.sensor = text;
    else {
      match.metadata ??= Object.create(null) as Record<string, string>;
      match.metadata[name] = text;
    }
  }
  return match;
}

/**
 * Fills a pattern's parts to make a topic to publish to.
 * @throws MqttError when a part is missing or would break out of its level
 */
export function topicFrom(pattern: string, parts: Readonly<Record<string, string | undefined>>): string {
  return pattern
    .split("/")
    .map((level) => {
      const name = PART.exec(level)?.[1];
      if (name === undefined) return level;
      const text = parts[name] ?? (DEVICE_NAMES.has(name) ? parts.device : undefined);
      if (text === undefined || text === "") throw refuse(pattern, `nothing to fill {${name}} with`);
      if (/[/+#]/.test(text) || text.includes(NUL)) throw refuse(pattern, `"${text}" cannot be a topic level`);
      return text;
    })
    .join("/");
}

/** The filter of a shared subscription, MQTT 5 section 4.8.2: the members of a group share the messages out. */
export function sharedFilter(group: string, filter: string): string {
  if (group === "") return filter;
  if (/[/+#]/.test(group)) throw new MqttError("settings", `share group "${group}": must not contain "/", "+" or "#"`);
  return `$share/${group}/${filter}`;
}
