import type { Dialog } from "../../../kit/editor/client/form";
import { line, request } from "../../../kit/editor/client/page";
import type { Listing, NotDeployed } from "../models/listing";

/** Offers the names of the models that are there, and tells what the chosen one takes and gives. */
export function prepare(dialog: Dialog): void {
  const row = dialog.field("model");
  const input = row.querySelector<HTMLInputElement>("input");
  if (!input) return;
  const names = document.createElement("datalist");
  names.id = `gw-models-of-${dialog.node.id.replaceAll(".", "-")}`;
  const said = line();
  said.style.gridColumn = "2";
  input.setAttribute("list", names.id);
  row.append(names, said);
  let known: Listing["models"] = [];

  const tell = (): void => {
    const model = known.find(({ name }) => name === input.value.trim());
    const from = model && (model.sensors.length > 0 ? model.sensors.join(", ") : `tensors ${model.inputs.join(", ")}`);
    said.textContent = model ? `${model.format}, version ${model.version}: ${from} → ${model.outputs.join(", ")}` : "";
  };
  const load = (): void => {
    const id = String(dialog.values().models ?? "");
    if (id === "" || id === "_ADD_" || !RED.nodes.node(id)) return;
    request<Listing | NotDeployed>(
      "GET",
      `gatewise/models/listing?id=${encodeURIComponent(id)}`,
      (listing) => {
        // Not deployed yet: the name can be written as well.
        if ("deployed" in listing) return;
        const { models } = listing;
        known = models;
        names.replaceChildren(...models.map(({ name }) => new Option(name, name)));
        tell();
      },
      () => {},
    );
  };
  input.addEventListener("input", tell);
  const link = dialog.field("models").querySelector<HTMLElement>("select");
  if (link) $(link).on("change", load);
  load();
}
