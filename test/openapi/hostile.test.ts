import fc from 'fast-check';
import {describe, expect, it} from 'vitest';
import {OpenApiError} from '../../src/openapi/document.ts';
import {fromOpenApi} from '../../src/openapi/index.ts';
import {checkInert} from './support/inert.ts';

const schema = (name: string) => ({$ref: `#/components/schemas/${name}`});

/** A document that has every member which the generator reads. */
const everything = JSON.stringify({
  openapi: '3.2.0',
  info: {title: 'Things', version: '1'},
  servers: [{url: 'https://{region}.api.test/v1', variables: {region: {default: 'eu'}}}],
  paths: {
    '/things/{id}': {
      parameters: [{$ref: '#/components/parameters/Id'}],
      get: {
        operationId: 'things.get',
        tags: ['things'],
        summary: 'Gets a thing',
        description: 'Gets it.\n\nAt once.',
        deprecated: true,
        externalDocs: {url: 'https://docs.test/'},
        parameters: [
          {
            name: 'list',
            in: 'query',
            style: 'pipeDelimited',
            explode: true,
            schema: {type: 'array', items: {type: 'string'}},
          },
          {
            name: 'plain',
            in: 'query',
            explode: false,
            allowReserved: true,
            required: true,
            schema: {type: 'string', default: 'a'},
          },
          {
            name: 'deep',
            in: 'query',
            style: 'deepObject',
            schema: {type: 'object', properties: {a: {type: 'string'}}},
          },
          {name: 'json', in: 'query', content: {'application/json': {schema: schema('Thing')}}},
          {
            name: 'x-header',
            in: 'header',
            description: 'A header',
            schema: {type: 'integer', format: 'int64'},
          },
          {name: 'session', in: 'cookie', schema: {type: 'string'}},
        ],
        responses: {
          200: {description: 'It', content: {'application/json': {schema: schema('Thing')}}},
          202: {description: 'Later', content: {'application/vnd.test+json': {schema: schema('Choice')}}},
          '2XX': {description: 'Text', content: {'text/csv': {}}},
          404: {description: 'None', content: {'application/json': {schema: schema('Base')}}},
          '5XX': {description: 'Broken', content: {'text/plain': {}}},
          default: {description: 'Any', content: {'application/problem+json': {schema: {type: 'object'}}}},
        },
      },
      put: {
        tags: ['things'],
        servers: [{url: 'https://other.test/'}],
        requestBody: {
          required: true,
          content: {
            'application/x-www-form-urlencoded': {
              schema: {type: 'object', properties: {tags: {type: 'array', items: {type: 'string'}}}},
              encoding: {
                tags: {style: 'spaceDelimited', explode: true},
                about: {contentType: 'application/json'},
              },
            },
          },
        },
        responses: {204: {description: 'Nothing'}},
      },
      post: {
        operationId: 'upload',
        requestBody: {
          content: {
            'multipart/form-data': {
              schema: {
                type: 'object',
                properties: {about: {type: 'object'}, file: {type: 'string', format: 'binary'}},
              },
              encoding: {
                about: {contentType: 'application/merge+json', headers: {}},
                file: {contentType: 'image/png'},
              },
            },
          },
        },
        responses: {200: {description: 'Bytes', content: {'application/octet-stream': {}}}},
      },
      patch: {
        operationId: 'change',
        requestBody: {content: {'application/merge-patch+json': {schema: schema('Thing')}}},
        responses: {
          302: {description: 'There', headers: {'X-Next': {schema: {type: 'string', enum: ['a']}}}},
        },
        callbacks: {
          done: {'{$request.body#/url}': {post: {requestBody: {$ref: '#/components/requestBodies/Any'}}}},
        },
      },
    },
    '/events': {
      get: {
        operationId: 'events',
        responses: {
          200: {
            description: 'Events',
            content: {
              'text/event-stream': {
                itemSchema: {
                  properties: {data: {contentMediaType: 'application/json', contentSchema: schema('Thing')}},
                },
              },
            },
          },
        },
      },
      post: {
        operationId: 'lines',
        requestBody: {content: {'application/x-ndjson': {itemSchema: schema('Thing')}}},
        responses: {
          200: {description: 'Lines', content: {'application/x-ndjson': {itemSchema: schema('Thing')}}},
        },
      },
    },
  },
  webhooks: {
    done: {
      post: {
        summary: 'Is done',
        requestBody: {required: true, content: {'*/*': {schema: schema('Thing')}}},
        responses: {200: {description: 'Fine', content: {'application/json': {schema: schema('Base')}}}},
      },
    },
  },
  components: {
    requestBodies: {Any: {content: {'application/json': {schema: {$dynamicRef: '#node'}}}}},
    parameters: {
      Id: {
        name: 'id',
        in: 'path',
        required: true,
        style: 'simple',
        schema: {type: 'string', format: 'date-time'},
      },
    },
    securitySchemes: {
      key: {type: 'apiKey', in: 'header', name: 'x-key'},
      basic: {type: 'http', scheme: 'basic'},
      flow: {type: 'oauth2', flows: {clientCredentials: {tokenUrl: 'https://auth.test/token'}}},
    },
    schemas: {
      Base: {
        title: 'The base',
        type: 'object',
        required: ['id'],
        properties: {id: {type: 'string', readOnly: true}},
      },
      Thing: {
        description: 'A thing',
        allOf: [schema('Base'), {properties: {size: {type: ['integer', 'null'], default: 1}}}],
        required: ['size'],
      },
      Choice: {
        oneOf: [schema('Base'), schema('Thing')],
        discriminator: {propertyName: 'kind', mapping: {base: '#/components/schemas/Base'}},
      },
      More: {
        type: 'object',
        nullable: true,
        properties: {
          one: {enum: ['a', 1, null, true]},
          two: {const: 'b'},
          three: {prefixItems: [{type: 'string'}], items: false},
          four: {type: 'string', contentMediaType: 'image/png', contentEncoding: 'base64'},
          five: {anyOf: [schema('More'), {type: 'boolean'}]},
        },
        patternProperties: {'^x': {type: 'number'}},
        additionalProperties: {type: 'string', writeOnly: true},
      },
      Alias: schema('More'),
      Node: {$dynamicAnchor: 'node', type: 'object', properties: {next: {$dynamicRef: '#node'}}},
      Parent: {
        type: 'object',
        properties: {kind: {type: 'string'}},
        discriminator: {propertyName: 'kind', mapping: {child: '#/components/schemas/Child'}},
      },
      Child: {allOf: [schema('Parent'), {properties: {own: {type: 'object', additionalProperties: false}}}]},
    },
  },
});

const attack = 'globalThis.attacked = true';
const texts = [
  attack,
  `'; ${attack}; '`,
  `\\'; ${attack}; //`,
  `*/ ${attack}; /*`,
  `*\u2028/\r*\n/ ${attack} //`,
  `*/\n${attack}\n/*`,
  `\${${attack}}\``,
  `a']: ${attack}, ['`,
  `true}}, x: ${attack}, y: {z: {`,
  `x: any}; ${attack}; type y = {z`,
  '\u202e\u2066\ud800\0\u001b[2J',
  '\\',
  '</script><!--',
  '__proto__',
  'constructor',
  'toString',
  'then',
  'eval',
  'undefined',
  'createClient',
  'endpoint',
  'globalThis',
  '',
  '100%',
  '~2',
  '{}}{',
  'A'.repeat(50_000),
];
const values: ReadonlyArray<() => unknown> = [
  ...texts.map((text) => () => text),
  ...[0, -0, -1.5, 1e21, Number.NaN, -Infinity, true, false, null].map((value) => () => value),
  () => [],
  () => [attack],
  () => [['a']],
  () => [`'; ${attack}; '`, `"]; ${attack}; //`, null, 1, {}],
  () => ({}),
  () => ({toString: null, valueOf: null, [`'; ${attack}; '`]: `*/ ${attack}`}),
  () => ({length: 1e9}),
  () =>
    JSON.parse(`{"__proto__": {"type": "string", "explode": "${attack}"}, "constructor": {"prototype": 1}}`),
  () => ({$ref: '#'}),
  () => ({$ref: '#/paths'}),
  () => ({$ref: '#/components/schemas/100%'}),
  () => ({$ref: ''}),
  () => ({$ref: 7}),
  () => new Map([[attack, attack]]),
  () => new Date(0),
];

type Key = string | number;
type Place = readonly [holder: Record<Key, unknown>, key: Key];

/** Every member of a document, with the object or list that holds it. */
function placesOf(value: unknown): Place[] {
  if (typeof value !== 'object' || value === null) return [];
  const holder = value as Record<Key, unknown>;
  return Object.keys(holder).flatMap((key) => [[holder, key] as const, ...placesOf(holder[key])]);
}

type Change = {readonly at: number; readonly value: number} | {readonly at: number; readonly name: number};

/** The document with one member after another replaced by a hostile value, or given a hostile name. */
function changed(changes: readonly Change[]): object {
  const document = JSON.parse(everything) as object;
  for (const change of changes) {
    const places = placesOf(document);
    const place = places[change.at % places.length];
    if (!place) continue;
    const [holder, key] = place;
    const define = (name: Key, value: unknown) =>
      Object.defineProperty(holder, name, {value, configurable: true, enumerable: true, writable: true});
    if ('value' in change) define(key, values[change.value]?.());
    else if (!Array.isArray(holder)) {
      const value = holder[key];
      delete holder[key];
      define(texts[change.name] as string, value);
    }
  }
  return document;
}

const inert = new Set<string>();

/** Generates code of a document, and checks that nothing of the document can run. Documents may be refused. */
async function check(document: object): Promise<'accepted' | 'refused'> {
  let code: string;
  try {
    ({code} = await fromOpenApi(document));
  } catch (error) {
    expect(error).toBeInstanceOf(OpenApiError);
    return 'refused';
  }
  // Many values are ignored where they are, so that the module is one that was checked before.
  if (!inert.has(code)) checkInert(code);
  inert.add(code);
  expect(globalThis).not.toHaveProperty('attacked');
  return 'accepted';
}

const at = fc.nat({max: 10_000});
const changes = fc.array(
  fc.oneof(
    fc.record({at, value: fc.nat({max: values.length - 1})}),
    fc.record({at, name: fc.nat({max: texts.length - 1})}),
  ),
  {minLength: 1, maxLength: 3},
);

describe('a document with hostile values', () => {
  it('a document without hostile values is accepted', async () => {
    expect(await check(JSON.parse(everything) as object)).toBe('accepted');
  });

  it('code in any place of a document, as a value or as a name, does not become code of the module', async () => {
    const places = placesOf(JSON.parse(everything));
    for (const [at] of places.entries()) {
      await check(changed([{at, value: 0}]));
      await check(changed([{at, name: 0}]));
    }
  });

  it('a module consists of nothing but types, literals and calls of its imports, whatever values and names a document has', async () => {
    await fc.assert(
      fc.asyncProperty(changes, async (list) => {
        await check(changed(list));
      }),
      {numRuns: 1_000},
    );
  });

  it('no comment and no literal leads a debugger or bundler to a file that a document names', async () => {
    const directive = '//# sourceMappingURL=https://evil.test/ /*@ sourceURL=a.js //# debugId=1';
    const schemaOf = {type: 'string', enum: [directive], default: directive};
    const get = {
      summary: directive,
      externalDocs: {url: directive},
      parameters: [{name: directive, in: 'query', description: directive, schema: schemaOf}],
      responses: {200: {description: '', content: {'application/json': {schema: schemaOf}}}},
    };
    const {code} = await fromOpenApi({
      openapi: '3.1.0',
      info: {title: directive, version: '1'},
      servers: [{url: 'https://a.test/?sourceURL=b'}],
      paths: {'/a': {get}},
    });
    checkInert(code);
    expect(code).toContain('sourceMappingURL =');
    expect(code).toContain('\\x73ourceMappingURL=');
    expect(code).not.toMatch(/(?<!\\x73)(?:sourceMappingURL|sourceURL|debugId)=/);
  });

  it('a text in the place of a boolean is refused, and the error names the place and the text', async () => {
    const parameters = [{name: 'q', in: 'query', explode: attack, schema: {type: 'string'}}];
    const error = await fromOpenApi({openapi: '3.1.0', paths: {'/a': {get: {parameters}}}}).catch(
      (reason: unknown) => reason,
    );
    expect(error).toBeInstanceOf(OpenApiError);
    expect((error as Error).message).toBe('The document is not valid at GET /a');
    expect((error as Error).cause).toEqual(
      new TypeError(`There is "${attack}" where the document needs true or false`),
    );
  });

  it('numbers and booleans are taken as text where a document needs text, because YAML reads "1.0" as a number', async () => {
    const get = {operationId: 7, tags: [true], summary: 1.5, responses: {}};
    const {code} = await fromOpenApi({
      openapi: '3.1.0',
      info: {title: 2026, version: 1.5},
      paths: {'/a': {get}},
    });
    expect(code).toContain(' * 2026 1.5\n');
    expect(code).toContain("export const _7 = /* @__PURE__ */ uncheckedEndpoint('GET /a');");
  });

  it('a schema whose name is not percent-encoded is found', async () => {
    const content = {'application/json': {schema: {$ref: '#/components/schemas/100%'}}};
    const {code} = await fromOpenApi({
      openapi: '3.1.0',
      paths: {'/a': {get: {responses: {200: {content}}}}},
      components: {schemas: {'100%': {type: 'string'}}},
    });
    expect(code).toContain('export type _100 = string;');
  });

  it('no method of a client is called "then", because await would call it', async () => {
    const paths = {'/a': {get: {operationId: 'then', responses: {}}}};
    const {code} = await fromOpenApi({openapi: '3.1.0', paths});
    expect(code).toContain('{\n  then_,\n}');
  });

  it('a style that queries do not have is ignored with a warning', async () => {
    const parameters = [{name: 'q', in: 'query', style: 'constructor', schema: {type: 'string'}}];
    const {code, warnings} = await fromOpenApi({openapi: '3.1.0', paths: {'/a': {get: {parameters}}}});
    expect(code).not.toContain('queryStyles');
    expect(warnings).toEqual([
      'GET /a: the style of "q" is ignored, because queries and forms don\'t have it: the style "form" is used',
    ]);
  });
});
