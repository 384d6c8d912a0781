import { button, line, request } from "../../../../kit/editor/client/page";
import type { ListedModel, Listing, NotDeployed } from "../listing";

/** The models in the store, with what can be done with each. */
export function modelList(id: string): { readonly element: HTMLElement; readonly refresh: () => void } {
  const element = document.createElement("div");
  const said = line();
  const table = document.createElement("div");
  table.style.cssText = "display: flex; flex-direction: column; gap: 6px; margin: 4px 0";
  const key = line();
  element.append(said, table, key);
  const problem = (text: string): void => {
    said.textContent = text;
  };
  const act = (path: string): void => {
    request("POST", `gatewise/models/${id}/${path}`, refresh, problem);
  };

  function refresh(): void {
    request<Listing | NotDeployed>(
      "GET",
      `gatewise/models/listing?id=${encodeURIComponent(id)}`,
      (listing) => {
        if ("deployed" in listing) {
          said.textContent = "Deploy to see the models here, and to import one.";
          return;
        }
        const { models, problems, key: text } = listing;
        said.textContent = models.length === 0 ? "No models yet." : "Models here:";
        table.replaceChildren(
          ...models.map((model) => entry(model, act)),
          ...problems.map(({ name, reason }) => broken(name, reason, act)),
        );
        key.textContent = `This gateway's public key: ${text}`;
        key.style.overflowWrap = "anywhere";
      },
      problem,
    );
  }
  return { element, refresh };
}

type Act = (path: string) => void;

function entry(model: ListedModel, act: Act): HTMLElement {
  const { name, version, seq, format, bytes, sensors, inputs, outputs, signedBy, older, users, standin } = model;
  const from = sensors.length > 0 ? sensors.join(", ") : inputs.join(", ");
  const about = [
    `${format}, ${size(bytes)}`,
    `signed by ${signedBy.join(", ")}`,
    users > 0 ? `in use by ${users}` : "not in use",
  ];
  const row = box(`${name} ${version}`, `number ${seq}: ${from} → ${outputs.join(", ")}. ${about.join("; ")}.`);
  if (standin) row.append(warning(`${standin.reason}. ${nextTry(standin.nextTry)}`));
  const buttons = document.createElement("div");
  buttons.style.cssText = "display: flex; flex-wrap: wrap; gap: 6px; margin-top: 6px";
  if (standin) {
    const again = button("Try it now", () => {
      again.disabled = true;
      again.textContent = "Being tried";
      act(`retry?name=${encodeURIComponent(name)}`);
    });
    buttons.append(again);
  }
  const [previous] = older;
  if (previous !== undefined) {
    buttons.append(
      twice(`Back to number ${previous}`, () => act(`activate?name=${encodeURIComponent(name)}&seq=${previous}`)),
    );
  }
  buttons.append(twice("Remove", () => act(`remove?name=${encodeURIComponent(name)}`)));
  row.append(buttons);
  return row;
}

function nextTry(time: number | undefined): string {
  if (time === undefined) return "It is not tried again by itself.";
  const at = new Date(time).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" });
  return `It is tried again by itself, next at ${at}.`;
}

function warning(text: string): HTMLElement {
  const element = line();
  element.textContent = text;
  element.style.cssText = "border-left: 3px solid var(--red-ui-text-color-warning); padding-left: 6px";
  return element;
}

function broken(name: string, reason: string, act: Act): HTMLElement {
  const row = box(name, reason);
  row.append(twice("Remove", () => act(`remove?name=${encodeURIComponent(name)}`)));
  return row;
}

function box(title: string, text: string): HTMLElement {
  const element = document.createElement("div");
  element.style.cssText =
    "border: 1px solid var(--red-ui-secondary-border-color); border-radius: 4px; padding: 6px 8px; overflow-wrap: anywhere";
  const heading = document.createElement("strong");
  heading.textContent = title;
  const details = line();
  details.textContent = text;
  element.append(heading, details);
  return element;
}

/** What cannot be undone by a click wants a second one. */
function twice(text: string, work: () => void): HTMLButtonElement {
  let isAsked = false;
  const element = button(text, () => {
    if (isAsked) {
      work();
      return;
    }
    isAsked = true;
    element.textContent = `${text}: sure?`;
    element.addEventListener("blur", () => {
      isAsked = false;
      element.textContent = text;
    });
  });
  return element;
}

function size(bytes: number): string {
  if (bytes < 1000) return `${bytes} B`;
  return bytes < 1e6 ? `${(bytes / 1e3).toFixed(0)} kB` : `${(bytes / 1e6).toFixed(1)} MB`;
}
