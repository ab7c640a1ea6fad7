import {describeValue} from '../errors/printable.ts';
import type {HeaderList, HeadersInput} from './header-list.ts';
import {mergeInto, token} from './header-list.ts';

// The interface differs from that of `Headers` in what `get` returns for a missing header.
const NativeHeaders = globalThis.Headers as unknown as new (
  init?: HeadersInit,
) => {
  set(name: string, value: string): void;
  append(name: string, value: string): void;
  get(name: string): string | null | undefined;
  has(name: string): boolean;
  delete(name: string): void;
  [Symbol.iterator](): Iterator<[string, string]>;
};

/** Headers as the browser keeps them. Most of the code for a list of headers is then the browser's. */
export class PageHeaderList extends NativeHeaders implements HeaderList {
  /** @throws TypeError for a name or value that HTTP can't carry */
  static from(input: HeadersInput | undefined): PageHeaderList {
    const list = new PageHeaderList();
    if (input !== undefined) mergeInto(list, input, true);
    return list;
  }

  get flat(): string[] {
    return [...this].flat();
  }

  copy(): PageHeaderList {
    return new PageHeaderList(this as unknown as Headers);
  }

  override get(name: string): string | undefined {
    return super.get(name) ?? undefined;
  }

  override set(name: string, value: string): void {
    withoutValue(name, () => super.set(name, value));
  }

  override append(name: string, value: string): void {
    withoutValue(name, () => super.append(name, value));
  }

  merge(input: HeadersInput): void {
    mergeInto(this, input);
  }
}

/** Replaces the browser's error, because Firefox's shows the value. */
function withoutValue(name: string, change: () => void): void {
  try {
    change();
  } catch {
    throw new TypeError(
      token.test(name) ? `Invalid value of header "${name}"` : `Invalid header name: ${describeValue(name)}`,
    );
  }
}
