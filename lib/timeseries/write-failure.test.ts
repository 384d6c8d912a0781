import { describe, expect, it } from "vitest";
import { retryAfter, writeFailure } from "./write-failure";

function failure(status: number, body: unknown, headers: Record<string, string> = {}) {
  const text = typeof body === "string" ? body : JSON.stringify(body);
  return writeFailure({ status, body: text, headers }, Date.UTC(2026, 0, 1));
}

describe("writeFailure", () => {
  it.each([401, 403, 404, 301, 405])("waits for a person after %i", (status) => {
    expect(failure(status, { error: "authorization failed" }).failure).toBe("denied");
  });

  it.each([408, 429, 500, 502, 503])("tries again after %i", (status) => {
    expect(failure(status, "<html>busy</html>").failure).toBe("unreachable");
  });

  it("waits as long as the server asks", () => {
    expect(failure(429, "", { "retry-after": "30" }).details.retryAfterMs).toBe(30_000);
    // RFC 9110, 10.2.3: a date is allowed too.
    expect(retryAfter("Thu, 01 Jan 2026 00:02:00 GMT", Date.UTC(2026, 0, 1))).toBe(120_000);
    expect(retryAfter("soon", 0)).toBeUndefined();
  });

  it("understands how 1.x and 2.x count rejected points", () => {
    // https://docs.influxdata.com/influxdb/v1/troubleshooting/errors/ ("partial write: field type conflict")
    const error =
      'partial write: field type conflict: input field "value" on measurement "sensor_data" is type string, already exists as type float dropped=3';
    expect(failure(400, { error })).toMatchObject({ failure: "points", details: { rejectedCount: 3 } });
    const answer = { code: "unprocessable entity", message: `failure writing points to database: ${error}` };
    expect(failure(422, answer)).toMatchObject({ failure: "points", details: { rejectedCount: 3 } });
  });

  it("understands how 3.x names rejected points", () => {
    // https://docs.influxdata.com/influxdb3/core/write-data/http-api/v3-write-lp/#accept-partial-writes
    const answer = {
      error: "partial write of line protocol occurred",
      data: [
        {
          original_line: "home,room=Sunroom temp=hi 1735549200",
          line_number: 2,
          error_message: "invalid column type for column 'temp', expected iox::column_type::field::float",
        },
      ],
    };
    const { details, message } = failure(400, answer);
    expect(details.rejected).toEqual([{ index: 1, reason: expect.stringContaining("invalid column type") }]);
    expect(message).toContain("partial write of line protocol occurred: invalid column type");
  });

  it("takes a 400 about the address for a mistake of the configuration, not of the points", () => {
    expect(failure(400, { error: "database is required" }).failure).toBe("denied");
    expect(failure(400, { code: "invalid", message: "bucket not found" }).failure).toBe("denied");
  });

  it("is not misled by a point that it quotes", () => {
    const error = "unable to parse 'sensor_data,device_id=org value=x 1': invalid number";
    expect(failure(400, { error }).failure).toBe("points");
  });

  it("says what the server said, shortened", () => {
    expect(failure(503, "x".repeat(9999)).message.length).toBeLessThan(600);
    expect(failure(404, { error: 'database not found: "plant"' }).message).toContain('database not found: "plant"');
    expect(failure(500, "", { "x-influxdb-error": "timeout" }).message).toContain("timeout");
  });
});
