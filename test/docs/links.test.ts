import {existsSync, readFileSync} from 'node:fs';
import {dirname, join} from 'node:path';
import {expect, it} from 'vitest';
import {root} from '../support/snippets.ts';

/** The anchors that GitHub gives to the headings of a page. */
function anchorsOf(markdown: string): Set<string> {
  const headings = [...markdown.matchAll(/^#+ (.*)$/gm)].map(([, heading = '']) => heading);
  return new Set(
    headings.map((heading) =>
      heading
        .toLowerCase()
        .replaceAll(/[^\w\- ]/g, '')
        .replaceAll(' ', '-'),
    ),
  );
}

it.each(['README.md', 'src/README.md', 'examples/README.md', 'examples/fleet/README.md'])(
  'every relative link of %s leads to a file that exists, or to a heading of the page',
  (page) => {
    const markdown = readFileSync(join(root, page), 'utf8');
    const anchors = anchorsOf(markdown);
    const targets = [...markdown.matchAll(/\]\(([^)\s]+)\)/g)]
      .map(([, target = '']) => target)
      .filter((target) => !/^\w+:/.test(target));
    const broken = targets.filter((target) => {
      const [file = '', anchor = ''] = target.split('#');
      return file === '' ? !anchors.has(anchor) : !existsSync(join(root, dirname(page), file));
    });
    expect(targets.length).toBeGreaterThan(0);
    expect(broken).toEqual([]);
  },
);
