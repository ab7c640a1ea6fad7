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
        announce('The code was copied to the clipboard');
        setTimeout(() => {
          button.textContent = 'Copy';
        }, 1_500);
      },
      // Without permission the code is selected, so that a keystroke copies it.
      () => getSelection()?.selectAllChildren(view),
    );
  });
  return {
    show(code) {
      if (code === shown) return;
      shown = code;
      // sugar-high escapes the code.
      view.innerHTML = highlight(code);
    },
  };
}
