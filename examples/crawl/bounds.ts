// A server decides how large each of these becomes, so each has a bound.

/** The longest address that is requested, in characters, as in sitemaps. */
export const longestUrl = 2_048;

/** The most links of one page that are followed. */
export const mostLinks = 10_000;

/**
 * How many elements of a page may be open before all further elements count as closed at once. The parser searches all open
 * elements for each end tag, which would take quadratic time.
 */
export const deepestElement = 100;

/** How many redirects in a row are followed (Fetch, "HTTP-redirect fetch"). */
export const mostRedirects = 20;

/** The longest time between two requests that a robots.txt may ask for, in ms. */
export const longestCrawlDelay = 60_000;

/** How many addresses are remembered for each page that may be requested, and how many at least. */
export const addressesPerPage = 20;
export const fewestAddresses = 100_000;

/** How many hosts are asked for their robots.txt at least, where fewer pages may be requested. */
export const fewestHosts = 1_000;
