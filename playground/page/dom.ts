type Child = Node | string | undefined;

/** Makes an element: attributes by their names, `true` for those without a value, none for `undefined` and `false`. */
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

/** Writes a text only where it changes, so that nothing is laid out in vain. */
export function setText(target: Element, text: string): void {
  if (target.textContent !== text) target.textContent = text;
}

/** The chosen value of a group of radio buttons, now and whenever it changes. */
export function onChoice(group: HTMLElement, chosen: (value: string) => void): void {
  group.addEventListener('change', (event) => chosen((event.target as HTMLInputElement).value));
}
