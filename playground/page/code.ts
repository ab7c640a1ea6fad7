import {highlight} from 'sugar-high';
import {byId} from './dom.ts';

export interface CodeView {
  show(code: string): void;
}

export function createCodeView(announce: (text: string) => void): CodeView {
  const view = byId('code');
  const button = byId<HTMLButtonElement>('copy');
  let shown = '';
  button.addEventListener('click', () => {
    navigator.clipboard.writeText(shown).then(
      () => {
        button.textContent = 'Copied';
        announce('The code is in the clipboard');
        setTimeout(() => {
          button.textContent = 'Copy';
        }, 1_500);
      },
      // No permission: chosen, so that a keystroke copies it.
      () => getSelection()?.selectAllChildren(view),
    );
  });
  return {
    show(code) {
      if (code === shown) return;
      shown = code;
      // It escapes what it is given.
      view.innerHTML = highlight(code);
    },
  };
}
