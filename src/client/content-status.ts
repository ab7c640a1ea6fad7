import {discard} from '../core/discard-response.ts';
import {SchemaError} from '../errors/index.ts';
import {assertOption, isObject} from '../utils/check-options.ts';
import type {StandardSchema} from '../utils/standard-schema.ts';
import type {ResponseContent} from './content.ts';
import {contentOf} from './content.ts';
import {whenThere} from './schema.ts';
import type {DataOf, TrustedDataOf} from './types.ts';

/** The registered statuses of success (IANA, "HTTP Status Code Registry"). */
export type SuccessStatus = 200 | 201 | 202 | 203 | 204 | 205 | 206 | 207 | 208 | 226;

/** The keys of declared responses: a status, or `2XX` for all that are not declared otherwise. */
export type SuccessKey = number | '2XX';

/** The bodies of an endpoint's responses, by status: a schema, a content, or `undefined` for no body. */
export type ResponsesByStatus = {
  readonly [Key in SuccessKey]?: StandardSchema | ResponseContent<unknown, unknown> | undefined;
};

/** The data of a response, with the status that tells its type. */
export interface StatusAndData<Status extends number, Data> {
  readonly status: Status;
  readonly data: Data;
}

type StatusOf<Key, Declared> = Key extends number ? Key : Exclude<SuccessStatus, Declared>;

/**
 * Responses that differ by their status. A call resolves to `{status, data}`, and `status` tells the type of `data`. A call
 * whose response has another status of success rejects with a `SchemaError`.
 *
 * @throws InvalidOptionError when a key is not a status of success, or a value is neither a schema nor a content
 *
 * @example
 * ```ts
 * import {byStatus, createSession, defineClient, endpoint, type} from 'aiofetch';
 *
 * const createReport = endpoint('POST /reports', {
 *   response: byStatus({200: type<{url: string}>(), 202: type<{job: string}>(), 204: undefined}),
 * });
 * await using session = createSession({baseUrl: 'https://api.example.com/'});
 * const report = await defineClient({createReport})(session).createReport();
 * if (report.status === 202) console.log('Later:', report.data.job);
 * ```
 */
/* @__NO_SIDE_EFFECTS__ */
export function byStatus<const Responses extends ResponsesByStatus>(
  responses: Responses & {readonly [Key in Exclude<keyof Responses, SuccessKey>]: never},
): ResponseContent<
  {
    [Key in keyof Responses]: StatusAndData<StatusOf<Key, keyof Responses>, DataOf<Responses[Key]>>;
  }[keyof Responses],
  {
    [Key in keyof Responses]: StatusAndData<StatusOf<Key, keyof Responses>, TrustedDataOf<Responses[Key]>>;
  }[keyof Responses]
> {
  const contents = checkResponses(responses);
  const accepted = new Set([...contents.values()].flatMap((content) => content?.accept ?? []));
  return {
    accept: accepted.size > 0 ? [...accepted].join(', ') : undefined,
    decode(response, context) {
      const {status} = response;
      const key = contents.has(String(status)) ? String(status) : '2XX';
      const content = contents.get(key);
      if (content) {
        return whenThere(content.decode(response, context), (data) => ({status, data})) as never;
      }
      discard(response);
      if (contents.has(key)) return {status, data: undefined} as never;
      const problem = `has the status ${status}, which is not declared`;
      throw new SchemaError([{message: 'The status is not declared'}], {...context.place, problem});
    },
  };
}

function checkResponses(responses: object): ReadonlyMap<string, ResponseContent<unknown> | undefined> {
  assertOption(isObject(responses), 'byStatus', responses, 'an object of schemas and contents by status');
  const contents = new Map<string, ResponseContent<unknown> | undefined>();
  for (const [key, content] of Object.entries(responses)) {
    assertOption(/^2(?:\d\d|XX)$/.test(key), `byStatus.${key}`, 'set', 'statuses from 200 to 299, 2XX');
    contents.set(
      key,
      content === undefined
        ? undefined
        : contentOf<ResponseContent<unknown>>(content, `byStatus.${key}`, 'decode'),
    );
  }
  assertOption(contents.size > 0, 'byStatus', 'empty', 'at least one status');
  return contents;
}
