import { describe, MAX_NAME_LENGTH, ReadingError } from "../reading";

// RFC 8428 section 4.5.1: letters, digits and "-", ":", ".", "/", "_", beginning with a letter or digit.
const NAME = /^[A-Za-z0-9][A-Za-z0-9\-:./_]*$/;
/** urn:dev:<kind>:<id>, RFC 9039: the part of a name that is the device. */
const DEVICE_URN = /^(urn:dev:[^:/]+:[^:/]+)[:/]?(.*)$/;
/** A device id and a sensor at their longest. */
const LONGEST = 2 * MAX_NAME_LENGTH;
const TRAILING_SEPARATORS = /[:/._-]+$/;
const LEADING_SEPARATORS = /^[:/._-]+/;

/** Either may be "". */
export interface SenmlName {
  readonly device: string;
  readonly sensor: string;
}

/**
 * Device and sensor of a record. The base name is the device and the record's own name its sensor; where there is only
 * one of them, a device URN or the last "/" divides it, and a name that nothing divides is a sensor when the topic
 * already names a device. A sensor of "" is left to the unit. A device id holds no "/", so it gets "." instead.
 * @throws ReadingError for a name that RFC 8428 section 4.5.1 does not allow
 */
export function splitSenmlName(baseName: string, ownName: string, topicNamesDevice: boolean): SenmlName {
  const whole = baseName + ownName;
  if (whole === "" && topicNamesDevice) return { device: "", sensor: "" };
  if (whole.length > LONGEST)
    throw new ReadingError(`expected a name of at most ${LONGEST} characters, got ${whole.length}`, "n");
  if (!NAME.test(whole)) {
    throw new ReadingError(`expected a name of letters, digits and - : . / _, got ${describe(whole)}`, "n");
  }
  if (baseName !== "" && ownName !== "") return split(baseName, ownName);
  const urn = DEVICE_URN.exec(whole);
  if (urn) return split(urn[1]!, urn[2]!);
  if (baseName !== "") return split(baseName, "");
  const slash = whole.lastIndexOf("/");
  if (slash > 0) return split(whole.slice(0, slash), whole.slice(slash + 1));
  return topicNamesDevice ? split("", whole) : split(whole, "");
}

function split(device: string, sensor: string): SenmlName {
  return {
    device: device.replace(TRAILING_SEPARATORS, "").replaceAll("/", "."),
    sensor: sensor.replace(LEADING_SEPARATORS, ""),
  };
}
