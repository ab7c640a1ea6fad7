import type {Runtime, Settings} from '../model/settings.ts';
import {readSettings} from '../model/settings.ts';
import {element, setText} from './dom.ts';
import type {Field, Section} from './fields.ts';
import {groups} from './fields.ts';

export interface SettingsForm {
  readonly settings: Settings;
  set(settings: Settings): void;
  /** Disables the settings that have no effect in this runtime. */
  setRuntime(runtime: Runtime): void;
}

/** Builds the form of all settings; `changed` is called with each change of the user. */
export function createForm(
  form: HTMLFormElement,
  initial: Settings,
  changed: (settings: Settings) => void,
): SettingsForm {
  let settings = initial;
  const refreshers: Array<() => void> = [];
  const nodeOnly: HTMLInputElement[] = [];
  const isWide = matchMedia('(min-width: 60rem)').matches;

  function change(name: string, value: unknown): void {
    settings = readSettings({...settings, [name]: value});
    for (const refresh of refreshers) refresh();
    changed(settings);
  }

  function createInput(field: Exclude<Field, {kind: 'switch'}>): HTMLElement {
    const id = `field-${field.name}`;
    if (field.kind === 'choice') {
      const options = Object.entries(field.choices).map(([value, text]) => element('option', {value}, text));
      const select = element('select', {id}, ...options);
      select.addEventListener('change', () => change(field.name, select.value));
      refreshers.push(() => {
        select.value = settings[field.name];
      });
      return select;
    }
    const {min = 0, max, step = 1, hint} = field;
    const described = hint ? `${id}-hint` : undefined;
    const input = element('input', {
      id,
      type: 'number',
      inputmode: 'numeric',
      min,
      max,
      step: 'any',
      'aria-describedby': described,
    });
    input.step = step === 1 ? '1' : 'any';
    input.addEventListener('input', () => {
      if (input.validity.valid && input.value !== '') change(field.name, input.valueAsNumber);
    });
    // An invalid value is replaced by the last valid one.
    input.addEventListener('change', () => {
      input.value = String(settings[field.name]);
    });
    refreshers.push(() => {
      if (input !== document.activeElement || !input.validity.valid)
        input.value = String(settings[field.name]);
    });
    if (field.isNodeOnly) nodeOnly.push(input);
    return element(
      'span',
      {class: 'value'},
      input,
      field.unit === undefined ? undefined : element('span', {class: 'unit'}, field.unit),
    );
  }

  function createSwitch(name: NonNullable<Section['switch']>, label: string): HTMLElement {
    const input = element('input', {type: 'checkbox', id: `field-${name}`});
    input.addEventListener('change', () => change(name, input.checked));
    refreshers.push(() => {
      input.checked = settings[name];
    });
    return element('label', {class: 'switch'}, input, label);
  }

  function createField(field: Field): HTMLElement {
    if (field.kind === 'switch') return createSwitch(field.name, field.label);
    const id = `field-${field.name}`;
    const hint =
      field.kind === 'number' ? [field.hint, field.isNodeOnly && 'Node only'].filter(Boolean).join(', ') : '';
    return element(
      'div',
      {class: hint ? 'field hinted' : 'field'},
      element('label', {for: id}, field.label),
      hint ? element('span', {class: 'hint', id: `${id}-hint`}, hint) : undefined,
      createInput(field),
    );
  }

  function createSection(section: Section): HTMLElement {
    const {title, fields, isOpen} = section;
    const state = element('span', {class: 'state'});
    refreshers.push(() => setText(state, section.summary(settings)));
    const children = fields.map(createField);
    const name = section.switch;
    if (name !== undefined) children.unshift(createSwitch(name, `${title} on`));
    return element(
      'details',
      {open: isWide && isOpen},
      element('summary', {}, element('span', {class: 'name'}, title), state),
      element('div', {class: 'fields'}, ...children),
    );
  }

  for (const {title, sections} of groups) {
    form.append(element('h2', {}, title), ...sections.map(createSection));
  }
  form.addEventListener('submit', (event) => event.preventDefault());
  for (const refresh of refreshers) refresh();

  return {
    get settings() {
      return settings;
    },
    set(next) {
      settings = next;
      for (const refresh of refreshers) refresh();
    },
    setRuntime(runtime) {
      for (const input of nodeOnly) input.disabled = runtime !== 'node';
    },
  };
}
