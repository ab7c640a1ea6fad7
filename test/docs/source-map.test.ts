import {existsSync, readdirSync, readFileSync} from 'node:fs';
import {join} from 'node:path';
import {pathToFileURL} from 'node:url';
import {describe, expect, it} from 'vitest';
import {root} from '../support/snippets.ts';
import {withCurrentLines} from './support/source-links.ts';

const folder = join(root, 'src');
const map = readFileSync(join(folder, 'README.md'), 'utf8');

/** The part of the layer check's configuration that is compared with the map. */
interface LayerRules {
  readonly allowed: ReadonlyArray<{readonly from: {path?: string}; readonly to: {path?: string}}>;
}

const rules = (
  (await import(pathToFileURL(join(root, '.dependency-cruiser.mjs')).href)) as {default: LayerRules}
).default;

/** A row of the tables of rooms and doors. */
const row = /^\| \[([\w/-]+)\]\(([\w/.-]+)\) \|.*\| ([^|]*?) ?\|$/gm;
const everyRoom = 'every room';

/** The rooms that each room may import, as the layer check has them. */
function allowedImports(): Map<string, string[]> {
  const allowed = new Map<string, string[]>();
  for (const {from, to} of rules.allowed) {
    const [room, ...others] = roomsOf(from.path);
    if (room === undefined || others.length > 0) continue;
    allowed.set(
      room,
      roomsOf(to.path).filter((name) => name !== room),
    );
  }
  return allowed;
}

/** The rooms that a pattern of the layer check names, as in `^src/(errors/|core/|index\.ts$)`. */
function roomsOf(pattern: string | undefined): string[] {
  const names = /^\^src\/\((.*)\)$/.exec(pattern ?? '')?.[1];
  return names === undefined ? [] : names.split('|').map((name) => name.replace(/\/$|\\\.ts\$$/, ''));
}

describe('the map of src', () => {
  it('links to lines that declare the names it shows: `vitest run test/docs/source-map.test.ts -u` renews the lines', async () => {
    await expect(withCurrentLines(map, folder)).toMatchFileSnapshot(join(folder, 'README.md'));
  });

  it('links to files and folders that exist', () => {
    const targets = [...map.matchAll(/\]\(([^)#]+)(?:#[^)]*)?\)/g)].map(([, target]) => target as string);
    expect(targets.length).toBeGreaterThan(50);
    expect(targets.filter((target) => !existsSync(join(folder, target)))).toEqual([]);
  });

  it('lists each room and door with exactly the imports that the layer check allows', () => {
    const allowed = allowedImports();
    const rooms = [...allowed.keys()];
    const listed = [...map.matchAll(row)].map(([, room = '', , imports = '']) => [room, imports] as const);
    expect(listed.map(([room]) => room).sort()).toEqual(rooms.sort());
    for (const [room, imports] of listed) {
      if (imports === everyRoom) expect(allowed.get(room)?.length, room).toBeGreaterThan(15);
      else expect(imports === '' ? [] : imports.split(', ').sort(), room).toEqual(allowed.get(room)?.sort());
    }
  });

  it('names every directory of src', () => {
    const directories = readdirSync(folder, {withFileTypes: true})
      .filter((entry) => entry.isDirectory())
      .map(({name}) => name);
    expect(directories.filter((name) => !map.includes(`](${name}`))).toEqual([]);
  });
});
