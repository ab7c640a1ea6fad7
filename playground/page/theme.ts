import {onChoice} from './dom.ts';

const key = 'aiofetch-playground-theme';

/** Light or dark, as the system or the user chooses. `changed` is called for both. */
export function createTheme(group: HTMLElement, changed: () => void): void {
  function apply(theme: string): void {
    document.documentElement.dataset['theme'] = theme;
    changed();
  }
  onChoice(group, (theme) => {
    localStorage.setItem(key, theme);
    apply(theme);
  });
  const chosen = localStorage.getItem(key) ?? 'system';
  const input = group.querySelector<HTMLInputElement>(`input[value="${chosen}"]`);
  if (input) input.checked = true;
  document.documentElement.dataset['theme'] = chosen;
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', changed);
}
