import { choice, flag, group, nodeSchema, quantity, rows, strings, text } from "../../../kit/schema";

export const schema = nodeSchema("replay", {
  family: "sensors",
  icon: "replay.svg",
  summary: "Plays a CSV recording as readings, for building and testing flows with real data.",
  version: 1,
  inputs: 1,
  outputs: ["readings", "events: started, paused, resumed, stopped, ended, failed"],
  config: {
    source: choice("Recording", { file: "In a file", payload: "In the message, as CSV text" }),
    file: text("File", {
      required: true,
      when: { source: "file" },
      placeholder: "recordings/office.csv",
      hint: "A CSV file on the machine that Node-RED runs on; a relative name starts at its user directory",
    }),
    deviceId: text("Device id", {
      required: true,
      maxLength: 256,
      placeholder: "office-1",
      pattern: "^[^/+#]*$",
      patternReason: "expected an id without /, + and #",
      hint: "The device that the readings are from",
    }),
    begin: choice("Start", { deploy: "When deployed", message: "By a message" }, { when: { source: "file" } }),
    pace: choice("Speed", { recorded: "As recorded, or faster", max: "As fast as the flow runs" }),
    speed: quantity("Times real time", {
      default: 1,
      min: 0.001,
      max: 1_000_000,
      when: { pace: "recorded" },
      hint: "60 plays an hour in a minute",
    }),
    loop: flag("Begin again at the end"),
    times: choice("Timestamps", { now: "Shift to now", keep: "Keep, and mark as historical" }),
    ...group(
      "Columns",
      {
        columns: strings("Only", {
          placeholder: "Temperature, CO2",
          hint: "Names of columns with commas between them; all when empty",
        }),
        units: rows(
          "Units",
          {
            column: text("Column", { required: true, placeholder: "Temperature" }),
            unit: text("UCUM code", { required: true, placeholder: "Cel", maxLength: 64 }),
          },
          { hint: "Columns without a row here have no unit" },
        ),
      },
      { folded: true },
    ),
    ...group(
      "Time in the file",
      {
        timestampColumn: text("Column", {
          placeholder: "found by itself",
          hint: "Date+Time joins two columns",
        }),
        timestampFormat: choice("Format", {
          auto: "Find it",
          iso: "ISO 8601: 2024-05-31 18:00:00",
          dmy: "Day first: 31/05/2024 18:00",
          mdy: "Month first: 05/31/2024 6:00 PM",
          ymd: "Year first: 2024/05/31 18:00",
          seconds: "Seconds since 1970",
          milliseconds: "Milliseconds since 1970",
        }),
        timeZone: text("Time zone", {
          default: "UTC",
          placeholder: "Europe/Berlin",
          hint: "Of times that do not say theirs; an IANA name",
        }),
      },
      { folded: true },
    ),
  },
  commands: {
    start: "plays from the beginning; any message without a command does so too",
    stop: "ends the playing",
    pause: "holds it",
    resume: "goes on where it was held",
  },
});
