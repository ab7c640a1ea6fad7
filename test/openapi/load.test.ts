import {mkdir, writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import {describe, expect, it} from 'vitest';
import {MissingYamlError, OpenApiError} from '../../src/openapi/document.ts';
import {loadDocument} from '../../src/openapi/load.ts';
import {writeGenerated} from './support/generated.ts';

const missing = () => Promise.reject(new Error("Cannot find package 'yaml' imported from load.ts"));

/** Loads a file of that name without the package `yaml`. */
async function loadWithoutYaml(name: string, text: string) {
  const folder = await writeGenerated({[name]: text});
  return await loadDocument(join(folder, name), missing);
}

describe('loadDocument without the package "yaml"', () => {
  it('reads a JSON document, and the JSON files that it refers to', async () => {
    const folder = await writeGenerated({
      'api.json': JSON.stringify({
        openapi: '3.1.0',
        components: {schemas: {User: {$ref: 'schemas/user.json'}}},
      }),
    });
    await mkdir(join(folder, 'schemas'));
    await writeFile(join(folder, 'schemas/user.json'), '{"type": "object"}');
    const {root, files} = await loadDocument(join(folder, 'api.json'), missing);
    expect(root.openapi).toBe('3.1.0');
    expect([...files.values()]).toEqual([{type: 'object'}]);
  });

  it('reads JSON under a name without an ending', async () => {
    expect((await loadWithoutYaml('document', ' {"openapi": "3.1.0"}')).root.openapi).toBe('3.1.0');
  });

  it('reads a document that is given as an object', async () => {
    expect((await loadDocument({openapi: '3.1.0'}, missing)).root.openapi).toBe('3.1.0');
  });

  it('rejects a YAML document with a MissingYamlError that names the install command', async () => {
    const error = await loadWithoutYaml('api.yaml', 'openapi: 3.1.0\n').catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(MissingYamlError);
    expect(error).toBeInstanceOf(OpenApiError);
    expect((error as Error).message).toMatch(
      /api\.yaml is YAML, which needs the package "yaml"\. Run: npm install yaml$/,
    );
    expect((error as Error).cause).toMatchObject({message: expect.stringContaining('Cannot find package')});
  });

  it('rejects a JSON file that refers to a YAML file', async () => {
    const folder = await writeGenerated({
      'api.json': '{"openapi": "3.1.0", "components": {"schemas": {"User": {"$ref": "user.yml"}}}}',
      'user.yml': 'type: object\n',
    });
    await expect(loadDocument(join(folder, 'api.json'), missing)).rejects.toThrow(
      /user\.yml is YAML, .* npm install yaml/,
    );
  });

  it('rejects broken JSON with the mistake in it, and with the command in case it is YAML', async () => {
    await expect(loadWithoutYaml('api.json', '{"openapi": "3.1.0",')).rejects.toThrow(
      /api\.json is not valid JSON \(Expected .*\)\. If it is YAML, .* npm install yaml$/,
    );
  });
});
