// What the editor's tests do inside the page, where RED and jQuery are. Loaded before the editor itself.
/* global RED, gatewise */
{
  // The editor waits for its trays to slide, which they do not do here.
  const wait = window.setTimeout;
  window.setTimeout = (f, ms, ...args) => wait(f, ms >= 100 && ms <= 300 ? 10 : ms, ...args);
}
window.inPage = {
  isReady() {
    const progress = document.querySelector("#red-ui-loading-progress");
    const loading = progress !== null && progress.offsetParent !== null;
    return (
      !loading && Boolean(window.RED?.workspaces?.active()) && document.querySelector(".red-ui-palette-node") !== null
    );
  },

  setTheme(theme) {
    RED.settings.setLocal?.("view-dark-theme", theme);
    document.documentElement.classList.toggle("nr-theme-dark", theme === "dark");
    if (window.monaco) window.monaco.editor.setTheme(theme === "dark" ? "vs-dark" : "vs");
  },

  /** The node as a deploy would store it, without its place. */
  stored(id) {
    const {
      x: _x,
      y: _y,
      z: _z,
      wires: _wires,
      ...node
    } = RED.nodes.createCompleteNodeSet({ credentials: false }).find((node) => node.id === id);
    return node;
  },

  /** Gives a type its next version, whose migration puts in `values`. */
  defineNextVersion(schema, values) {
    const version = schema.version + 1;
    gatewise.define({ ...schema, version, migrations: { [version]: (stored) => ({ ...stored, ...values }) } });
  },

  define(schema) {
    gatewise.define(schema);
  },

  ids(type) {
    const ids = [];
    RED.nodes.eachNode((node) => void (node.type === type && ids.push(node.id)));
    RED.nodes.eachConfig((node) => void (node.type === type && ids.push(node.id)));
    return ids;
  },

  workspace() {
    return RED.workspaces.active();
  },

  /** Why the editor marks a node with a red triangle. */
  validationErrors(id) {
    const node = RED.nodes.node(id);
    return node.valid ? [] : node.validationErrors;
  },

  rowCount(name) {
    return topDialog().querySelectorAll(`[data-gw-field="${name}"] .gw-row`).length;
  },

  import(nodes) {
    RED.view.importNodes(nodes, { generateIds: false, addFlow: false, touchImport: true });
  },

  remove(id) {
    RED.nodes.remove(id);
    RED.view.redraw(true);
  },

  edit(id) {
    const node = RED.nodes.node(id);
    if (node._def.category === "config") RED.editor.editConfig("", node.type, id);
    else RED.editor.edit(node);
  },

  addConfig(type) {
    RED.editor.editConfig("", type, "_ADD_");
  },

  trays() {
    return document.querySelectorAll("#red-ui-editor-stack .red-ui-tray").length;
  },

  trayHasFocus() {
    const trays = document.querySelectorAll("#red-ui-editor-stack .red-ui-tray");
    return trays[trays.length - 1]?.querySelector(".red-ui-tray-body")?.contains(document.activeElement) ?? false;
  },

  closeTray() {
    return new Promise((resolve) => RED.tray.close(resolve));
  },

  /** Shows the help of a type in the sidebar and returns its text. */
  help(type) {
    RED.sidebar.help.show(type, true);
    return document.querySelector(".red-ui-sidebar-help-stack .red-ui-help").innerText;
  },

  invoke(action) {
    RED.actions.invoke(action);
  },

  isDirty() {
    return RED.nodes.dirty();
  },

  /** Wires as [from, output, to]. */
  wires() {
    const wires = [];
    RED.nodes.eachLink((link) => void wires.push([link.source.id, link.sourcePort, link.target.id]));
    return wires;
  },

  /** What stands under a node. */
  status(id) {
    return RED.nodes.node(id).status?.text ?? "";
  },

  categories() {
    return [...document.querySelectorAll(".red-ui-palette-category")]
      .filter((category) => category.checkVisibility())
      .map((category) => category.id.replace(/^red-ui-palette-container-/, ""));
  },

  /** What the palette holds of a type. */
  paletteEntry(type) {
    const entry = document.querySelector(`.red-ui-palette-node[data-palette-type="${type}"]`);
    if (!entry) return null;
    const icon = entry.querySelector(".red-ui-palette-icon");
    return {
      category: entry.closest(".red-ui-palette-category")?.id.replace(/^red-ui-palette-container-/, ""),
      label: entry.querySelector(".red-ui-palette-label")?.textContent.replaceAll(/\s+/g, " "),
      icon: icon?.style.backgroundImage.replace(/^url\("?|"?\)$/g, "") ?? "",
    };
  },

  shownFields() {
    return dialogFields()
      .filter((row) => row.checkVisibility() || isFolded(row))
      .map((row) => row.dataset.gwField);
  },

  /** Opens or folds every section. */
  unfold(open = true) {
    for (const group of topDialog().querySelectorAll("details")) group.open = open;
  },

  /** What reaches out of the dialog when it is `width` wide, and inputs too narrow to be used. */
  overflow(width) {
    const dialog = topDialog();
    const before = dialog.style.width;
    dialog.style.width = `${width}px`;
    const right = dialog.getBoundingClientRect().right + 0.5;
    const out = [...dialog.querySelectorAll("*")]
      .filter(
        (element) =>
          element.checkVisibility() && !isClipped(element, dialog) && element.getBoundingClientRect().right > right,
      )
      .map(describe);
    const narrow = [...dialog.querySelectorAll("input:not([type=checkbox]), select, textarea")]
      .filter((input) => input.checkVisibility() && input.getBoundingClientRect().width < 40)
      .map(describe);
    dialog.style.width = before;
    return [...out, ...narrow];
  },

  /** Buttons that show only an icon and have no name for a screen reader. */
  namelessButtons() {
    return [...topDialog().querySelectorAll("button, a, [role=button]")]
      .filter(
        (button) =>
          button.checkVisibility() &&
          button.textContent.trim() === "" &&
          !button.title &&
          !button.getAttribute("aria-label"),
      )
      .map(describe);
  },

  /** Inputs that no label names. */
  namelessInputs() {
    return [...topDialog().querySelectorAll("input:not([type=hidden]), select, textarea")]
      .filter((input) => input.checkVisibility())
      .filter(
        (input) => !input.labels?.length && !input.getAttribute("aria-label") && !input.getAttribute("aria-labelledby"),
      )
      .map(describe);
  },

  /** Texts with less contrast to what is behind them than WCAG 2.2 asks of normal text (1.4.3: 4.5 to 1). */
  faintTexts() {
    return [...topDialog().querySelectorAll("label, summary, .gw-hint, .gw-problem, .gw-unit, input, select, textarea")]
      .filter((element) => element.checkVisibility() && !["checkbox", "hidden"].includes(element.type))
      .map((element) => ({ element, ratio: contrast(colorOf(element), backgroundOf(element)) }))
      .filter(({ ratio }) => ratio < 4.5)
      .map(({ element, ratio }) => `${describe(element)}: ${ratio.toFixed(2)}`);
  },
};

function topDialog() {
  const dialogs = document.querySelectorAll(".gw-dialog");
  return dialogs[dialogs.length - 1];
}

function dialogFields() {
  return [...topDialog().querySelectorAll("[data-gw-field]")];
}

function isFolded(row) {
  const group = row.closest("details");
  return group !== null && !group.open && !group.hidden && !row.hidden;
}

/** Inside something that cuts off or scrolls what is too wide. */
function isClipped(element, end) {
  for (let at = element.parentElement; at && at !== end; at = at.parentElement) {
    if (getComputedStyle(at).overflowX !== "visible") return true;
  }
  return false;
}

function describe(element) {
  const name = element.closest("[data-gw-field]")?.dataset.gwField ?? "";
  return `${name} ${element.tagName.toLowerCase()}${element.className ? `.${String(element.className).trim().replaceAll(/\s+/g, ".")}` : ""} "${element.textContent.trim().slice(0, 30)}"`;
}

function colorOf(element) {
  return parseColor(getComputedStyle(element).color);
}

function backgroundOf(element) {
  for (let at = element; at; at = at.parentElement) {
    const color = parseColor(getComputedStyle(at).backgroundColor);
    if (color.alpha > 0.9) return color;
  }
  return { rgb: [255, 255, 255], alpha: 1 };
}

function parseColor(text) {
  const numbers = (text.match(/[\d.]+/g) ?? ["0", "0", "0", "0"]).map(Number);
  return { rgb: numbers.slice(0, 3), alpha: numbers[3] ?? 1 };
}

/** WCAG 2.2, "contrast ratio" and "relative luminance". */
function contrast(one, other) {
  const [a, b] = [luminance(one), luminance(other)];
  return (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
}

function luminance({ rgb }) {
  const [r, g, b] = rgb.map((part) => {
    const share = part / 255;
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}
