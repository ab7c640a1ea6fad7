type Child = Node | string | undefined;

/** Makes an element. An attribute that is `true` gets no value; one that is `undefined` or `false` is left out. */
export function element<Tag extends keyof HTMLElementTagNameMap>(
  tag: Tag,
  attributes: Readonly<Record<string, string | number | boolean | undefined>> = {},
  ...children: readonly Child[]
): HTMLElementTagNameMap[Tag] {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== undefined && value !== false) made.setAttribute(name, value === true ? '' : String(value));
  }
  made.append(...children.filter((child) => child !== undefined));
  return made;
}

/** The element of the page with this id. */
export function byId<Type extends HTMLElement = HTMLElement>(id: string): Type {
  const found = document.getElementById(id);
  if (!found) throw new Error(`The page has no #${id}`);
  return found as Type;
}

/** Writes a text only when it changes, so that the browser needn't lay out again. */
export function setText(target: Element, text: string): void {
  if (target.textContent !== text) target.textContent = text;
}

/** The chosen value of a group of radio buttons, now and whenever it changes. */
export function onChoice(group: HTMLElement, chosen: (value: string) => void): void {
  group.addEventListener('change', (event) => chosen((event.target as HTMLInputElement).value));
}
