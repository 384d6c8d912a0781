/** What the dialogs of several nodes need of the editor's page: requests to the runtime, buttons, lines of small print. */

/** Requests by the editor's own jQuery carry its access token. */
interface Requests {
  ajax(settings: {
    readonly url: string;
    readonly type: "GET" | "POST";
    success(answer: unknown): void;
    error(failure: { readonly responseJSON?: { readonly error?: string }; readonly statusText?: string }): void;
  }): void;
}

export function request<A>(
  type: "GET" | "POST",
  url: string,
  onAnswer: (answer: A) => void,
  onProblem: (problem: string) => void,
): void {
  ($ as unknown as Requests).ajax({
    type,
    url,
    success: (answer) => onAnswer(answer as A),
    error: ({ responseJSON, statusText }) => onProblem(responseJSON?.error ?? statusText ?? "no answer"),
  });
}

export function button(text: string, onClick: () => void): HTMLButtonElement {
  const element = document.createElement("button");
  element.type = "button";
  element.className = "red-ui-button";
  element.textContent = text;
  element.addEventListener("click", onClick);
  return element;
}

/** A line of small print that is read out when it changes. */
export function line(): HTMLParagraphElement {
  const element = document.createElement("p");
  element.className = "gw-hint";
  element.setAttribute("aria-live", "polite");
  return element;
}
