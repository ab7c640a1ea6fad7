/** The package's, which a test holds to it. */
export const version = '0.1.0';
