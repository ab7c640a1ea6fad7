import {AiofetchError, ConnectionError, TimeoutError} from 'aiofetch';

/** Why a page failed, in a few words that failures are counted by. */
export function kindOfError(error: unknown): string {
  if (error instanceof TimeoutError) return `timeout: ${error.phase}`;
  if (error instanceof ConnectionError) return `${error.phase}: ${error.code}`;
  if (error instanceof AiofetchError) return error.code;
  return error instanceof Error ? error.name : typeof error;
}

export function messageOfError(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
