/** The part of an operation's path that no other operation has, to find the operation in a bundle. */
export function markOf(index: number): string {
  return `/collection${index}x`;
}

/** The operationId of an operation, which is the name of its constant in the generated client. */
export function nameOf(index: number): string {
  return `callOperation${index}`;
}

/** The parts that take turns: a query with styles, a JSON body, a multipart body, and responses by status. */
const kinds = [
  {
    method: 'get',
    parameters: [
      {in: 'query', name: 'limit', schema: {type: 'integer'}},
      {in: 'query', name: 'tags', explode: false, schema: {type: 'array', items: {type: 'string'}}},
    ],
    responses: {200: json({type: 'array', items: {$ref: '#/components/schemas/Thing'}})},
  },
  {
    method: 'post',
    requestBody: json({$ref: '#/components/schemas/Thing'}),
    responses: {201: json({$ref: '#/components/schemas/Thing'}), 422: json({type: 'object'})},
  },
  {
    method: 'put',
    requestBody: {
      content: {'multipart/form-data': {schema: {properties: {file: {type: 'string', format: 'binary'}}}}},
    },
    responses: {204: {description: 'Stored'}},
  },
  {
    method: 'patch',
    requestBody: {content: {'application/merge-patch+json': {schema: {type: 'object'}}}},
    responses: {200: json({type: 'object'}), 202: {description: 'Later', content: {'text/plain': {}}}},
  },
];

/** An OpenAPI document of many operations of several kinds, in groups of 20. */
export function manyOperations(count: number): object {
  const paths = Object.fromEntries(
    Array.from({length: count}, (_, index) => {
      const {method, parameters = [], ...rest} = kinds[index % kinds.length] as (typeof kinds)[number];
      const id = {in: 'path', name: 'id', required: true, schema: {type: 'integer'}};
      const operation = {
        operationId: nameOf(index),
        tags: [`group${Math.floor(index / 20)}`],
        parameters: [id, ...parameters],
        ...rest,
      };
      return [`${markOf(index)}/{id}`, {[method]: operation}];
    }),
  );
  const Thing = {type: 'object', properties: {id: {type: 'integer'}, name: {type: 'string'}}};
  return {
    openapi: '3.1.0',
    info: {title: 'Many', version: '1'},
    servers: [{url: 'https://api.test/'}],
    paths,
    components: {schemas: {Thing}},
  };
}

function json(schema: object) {
  return {description: 'JSON', required: true, content: {'application/json': {schema}}};
}
