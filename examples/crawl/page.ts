/** An address that is to be requested. */
export interface Target {
  readonly url: string;
  readonly origin: string;
  /** How many links it is from a start URL. */
  readonly depth: number;
  /** How many redirects in a row led here. */
  readonly redirects: number;
  /** The page that linked to it first. */
  readonly from: string | undefined;
}

/** The result for one address. */
export interface Page {
  readonly url: string;
  readonly status?: number;
  /** The media type, without parameters. */
  readonly type?: string;
  /** Bytes of the body, decompressed. */
  readonly bytes: number;
  /** The time from the request to the end of the body, in ms. */
  readonly ms: number;
  readonly depth: number;
  readonly from?: string;
  /** How many other pages it links to. */
  readonly links?: number;
  /** The target of its redirect. */
  readonly redirect?: string;
  /** The body was larger than `--max-size`, so reading stopped. */
  readonly cut?: true;
  readonly error?: {readonly kind: string; readonly message: string};
}
