import { choice, configSchema, flag, group, quantity, secret, text } from "../../../kit/schema";

export const schema = configSchema("influxdb", {
  family: "storage",
  summary: "An InfluxDB server: where it is, what to write to and how to log in.",
  version: 1,
  config: {
    server: choice("Server", {
      influx1: "InfluxDB 1.x",
      influx2: "InfluxDB 2.x",
      influx3: "InfluxDB 3 (Core, Enterprise)",
    }),
    url: text("URL", {
      default: "http://127.0.0.1:8086",
      required: true,
      maxLength: 1024,
      pattern: "^https?://",
      patternReason: "expected an address that begins with http:// or https://",
      hint: "InfluxDB 1.x and 2.x listen on port 8086, InfluxDB 3 on 8181.",
    }),
    database: text("Database", { required: true, maxLength: 256, when: { server: ["influx1", "influx3"] } }),
    retentionPolicy: text("Retention policy", {
      maxLength: 256,
      placeholder: "the database's default",
      when: { server: "influx1" },
    }),
    organization: text("Organization", { required: true, maxLength: 256, when: { server: "influx2" } }),
    bucket: text("Bucket", { required: true, maxLength: 256, when: { server: "influx2" } }),
    measurement: text("Measurement", {
      default: "sensor_data",
      required: true,
      maxLength: 256,
      pattern: "^[\\p{L}\\p{N}][^\\p{Cc}\\\\]*$",
      patternReason: "expected a name that begins with a letter or digit, without backslashes",
      hint: "InfluxDB 3 calls it the table.",
    }),
    ...group(
      "Connection",
      {
        timeout: quantity("Time limit", {
          unit: "s",
          default: 10,
          min: 0.1,
          max: 600,
          hint: "For one write or query, from the first byte to the last.",
        }),
        verifyCertificate: flag("Verify the server's certificate", {
          default: true,
          hint: "Turn this off only where nobody else can reach the network.",
        }),
        gzip: flag("Compress writes", {
          when: { server: ["influx2", "influx3"] },
          hint: "Less traffic for more work; worth it over a mobile network.",
        }),
      },
      { folded: true },
    ),
  },
  credentials: {
    username: secret("User", { shown: true, when: { server: "influx1" } }),
    password: secret("Password", { when: { server: "influx1" } }),
    token: secret("Token", { when: { server: ["influx2", "influx3"] } }),
    ca: secret("Certificate authority", {
      multiline: true,
      group: "Connection",
      hint: "PEM, when the server's certificate is signed by an authority of your own.",
    }),
  },
});
