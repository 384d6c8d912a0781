import { button, line } from "../../../../kit/editor/client/page";

/** A form that describes a model and sends it; folded until it is wanted. */
export function importForm(id: string, onImported: () => void): HTMLElement {
  const element = document.createElement("div");
  element.style.marginTop = "8px";
  const form = document.createElement("div");
  form.style.margin = "8px 0";
  form.hidden = true;
  const toggle = button("Import a model…", () => {
    form.hidden = !form.hidden;
    toggle.setAttribute("aria-expanded", String(!form.hidden));
  });
  toggle.setAttribute("aria-expanded", "false");
  const said = line();
  const inputs = fields(form);
  inputs.files.addEventListener("change", () => {
    const [first] = inputs.files.files ?? [];
    if (first && inputs.name.value === "") inputs.name.value = nameFrom(first.name);
  });
  const send = button("Import", () => {
    const files = [...(inputs.files.files ?? [])];
    if (files.length === 0) {
      said.textContent = "Choose a file first.";
      return;
    }
    if (inputs.name.value.trim() === "") inputs.name.value = nameFrom(files[0]?.name ?? "");
    said.textContent = "Sending, loading and checking…";
    pack(describe(inputs), files).then(
      (bundle) => upload(id, bundle, said, onImported),
      (error: unknown) => {
        said.textContent = String(error);
      },
    );
  });
  send.style.marginTop = "6px";
  form.append(send);
  element.append(toggle, form, said);
  return element;
}

type Inputs = Record<
  "files" | "name" | "version" | "sensors" | "rows" | "result" | "unit" | "labels",
  HTMLInputElement
>;

function fields(form: HTMLElement): Inputs {
  const input = (label: string, hint: string, type = "text"): HTMLInputElement => {
    const row = document.createElement("div");
    row.className = "gw-field";
    const title = document.createElement("label");
    title.textContent = label;
    const control = document.createElement("div");
    control.className = "gw-control";
    const element = document.createElement("input");
    element.type = type;
    element.id = `gw-models-import-${label.toLowerCase().replaceAll(" ", "-")}`;
    title.htmlFor = element.id;
    if (type === "text") element.placeholder = hint;
    control.append(element);
    row.append(title, control);
    form.append(row);
    return element;
  };
  const inputs = {
    files: input("Files", "", "file"),
    name: input("Model name", "pump"),
    version: input("Version", "1"),
    sensors: input("Sensors", "temperature, vibration: in the order of the input"),
    rows: input("Rows", "1: how many past rows the input has"),
    result: input("Result", "power: the sensor that the answer becomes"),
    unit: input("Unit", "W"),
    labels: input("Labels", "fine, worn: of a classifier"),
  };
  inputs.files.multiple = true;
  inputs.files.accept = ".onnx,.tflite,.json,.bin,.gwmodel";
  const hint = line();
  hint.textContent =
    "Only the file is needed. Without sensors the model takes tensors; TensorFlow.js wants model.json and its .bin files.";
  form.append(hint);
  return inputs;
}

function nameFrom(file: string): string {
  return plain(file.replace(/\.[^.]*$/, ""));
}

/** The store takes names without spaces and the like. */
function plain(name: string): string {
  return name.replace(/[^A-Za-z0-9._-]+/g, "-").replace(/^[^A-Za-z0-9]+/, "");
}

const list = (text: string): string[] => text.split(",").flatMap((part) => part.trim() || []);

function describe(inputs: Inputs): Record<string, unknown> {
  const text = (name: keyof Inputs): string => inputs[name].value.trim();
  const [sensors, labels] = [list(text("sensors")), list(text("labels"))];
  const length = text("rows") === "" ? 1 : Number(text("rows"));
  return {
    name: text("name"),
    version: text("version") || "1",
    ...(sensors.length > 0 ? { preprocess: { kind: "window", sensors, length } } : {}),
    ...(labels.length > 0 ? { labels } : {}),
    ...(text("result") || text("unit")
      ? { outputs: [{ sensor: text("result") || undefined, unit: text("unit") || undefined }] }
      : {}),
  };
}

/** As lib/inference/bundle reads it. A file that was exported elsewhere is a whole bundle already. */
async function pack(about: Record<string, unknown>, files: readonly File[]): Promise<Blob> {
  const [first] = files;
  if (first && files.length === 1 && (await first.slice(0, 4).text()) === "GWM1") return first;
  const listed = files.map(({ name, size }) => ({ name: plain(name), size }));
  const head = new TextEncoder().encode(JSON.stringify({ about, files: listed }));
  const length = new DataView(new ArrayBuffer(4));
  length.setUint32(0, head.length, true);
  return new Blob(["GWM1", length.buffer, head, ...files]);
}

interface Uploads {
  ajax(settings: {
    readonly url: string;
    readonly type: "POST";
    readonly data: Blob;
    readonly processData: false;
    readonly contentType: string;
    success(answer: { readonly name: string; readonly version: string; readonly seq: number }): void;
    error(failure: { readonly responseJSON?: { readonly error?: string }; readonly statusText?: string }): void;
  }): void;
}

function upload(id: string, bundle: Blob, said: HTMLElement, onImported: () => void): void {
  // The editor's own jQuery sends its access token along.
  ($ as unknown as Uploads).ajax({
    url: `gatewise/models/${id}/import`,
    type: "POST",
    data: bundle,
    processData: false,
    contentType: "application/octet-stream",
    success: ({ name, version, seq }) => {
      said.textContent = `${name} ${version} is stored as number ${seq}.`;
      onImported();
    },
    error: ({ responseJSON, statusText }) => {
      said.textContent = responseJSON?.error ?? statusText ?? "no answer";
    },
  });
}
