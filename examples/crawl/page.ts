/** An address on its way to being asked for. */
export interface Target {
  readonly url: string;
  readonly origin: string;
  /** How many links it is from a start URL. */
  readonly depth: number;
  /** How many redirects in a row led here. */
  readonly redirects: number;
  /** The page that named it first. */
  readonly from: string | undefined;
}

/** What became of one address. */
export interface Page {
  readonly url: string;
  readonly status?: number;
  /** The media type, without parameters. */
  readonly type?: string;
  /** Bytes of the body, decompressed. */
  readonly bytes: number;
  /** From asking to the end of the body, in ms. */
  readonly ms: number;
  readonly depth: number;
  readonly from?: string;
  /** How many other pages it links to. */
  readonly links?: number;
  /** Where it redirects to. */
  readonly redirect?: string;
  /** Its body was larger than `--max-size`, and was left there. */
  readonly cut?: true;
  readonly error?: {readonly kind: string; readonly message: string};
}
