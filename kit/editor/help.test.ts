import { describe, expect, it } from "vitest";
import { code, integer, nodeSchema } from "../schema";
import { helpPage } from "./help";

const schema = nodeSchema("specimen", {
  family: "process",
  summary: "Is under test.",
  version: 1,
  inputs: 1,
  outputs: ["first", "second"],
  config: {
    window: integer("Window", { unit: "readings", default: 5, min: 3, max: 99, hint: "Longer is smoother." }),
    settings: code("Settings", { language: "json", default: '{ "long": true }' }),
  },
  commands: { reset: "starts afresh" },
});

describe("the help page", () => {
  it("says what it is for, what the author wrote and what the schema knows", () => {
    expect(helpPage(schema, "It smooths.\n")).toBe(`Is under test.

It smooths.

### Outputs

1. first
2. second

### Commands

- \`msg.command = "reset"\`: starts afresh

### Properties

- **Window** (readings; 3 to 99; default 5): Longer is smoother.
- **Settings**
`);
  });

  it("says which changes leave saved states as they are", () => {
    expect(helpPage({ ...schema, keepState: ["window"] }, "")).toMatch(
      /\n\nWhat is saved in the store goes on after changes of: Window\. After other changes it starts afresh\.\n$/,
    );
  });

  it("has each section once: the author's outputs, the author's words on commands above their list", () => {
    const page = helpPage(schema, "### Outputs\n\nBoth.\n\n### Commands\n\nFor one device.\n\n### Limits\n\nNone.\n");
    expect(page.match(/^### .*$/gm)).toEqual(["### Outputs", "### Commands", "### Limits", "### Properties"]);
    expect(page).toContain('For one device.\n\n- `msg.command = "reset"`: starts afresh\n\n### Limits');
    expect(page).not.toContain("1. first");
  });
});
