/** The part of the Node-RED editor's browser API that our dialogs use. */

export interface EditedNode {
  readonly id: string;
  readonly type: string;
  version?: unknown;
  [property: string]: unknown;
}

export interface Query {
  readonly length: number;
  val(): unknown;
  val(value: unknown): Query;
  on(events: string, handler: () => void): Query;
  typedInput(options: { type: string; types: string[] }): Query;
  typedInput(method: "value"): string;
  typedInput(method: "width", width: string): Query;
  editableList(options: EditableListOptions): Query;
  editableList(method: "addItem", item: unknown): Query;
  get(index: number): HTMLElement;
  append(child: HTMLElement): Query;
}

interface EditableListOptions {
  addItem(container: Query, index: number, item: Record<string, unknown>): void;
  removeItem(): void;
  sortItems?(): void;
  sortable: boolean;
  removable: boolean;
  addButton: string;
  height: number | "auto";
}

declare global {
  const $: (target: string | HTMLElement) => Query;
  const RED: {
    nodes: { node(id: string): unknown };
    notify(message: string, options?: { type?: string; timeout?: number }): void;
  };
}
