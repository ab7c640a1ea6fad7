/** A media type, as `Content-Type` has it, without its parameters. */
export function bareMediaType(contentType: string | null): string {
  const [bare = ''] = (contentType ?? '').split(';', 1);
  return bare.trim();
}
