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

interface CodeEditorOptions {
  readonly value: string;
  readonly focus: boolean;
  readonly complete: (text: string) => void;
}

declare global {
  const $: (target: string | HTMLElement) => Query;
  const RED: {
    nodes: {
      node(id: string): unknown;
      eachConfig(visit: (config: EditedNode) => void): void;
    };
    editor: {
      editJSON(options: CodeEditorOptions): void;
      editExpression(options: CodeEditorOptions): void;
    };
    notify(message: string, options?: { type?: string; timeout?: number }): void;
  };
}
