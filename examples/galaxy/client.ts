/* eslint-disable -- a program wrote it: its rules are those of the document */
/**
 * Scalar Galaxy 0.6.12
 *
 * Made by `aiofetch openapi`: what is changed here is gone when it runs again.
 *
 * @module
 */

import {asMultipart, defineClient, endpoint, type} from 'aiofetch';

/** Where the API is, for a session's `baseUrl`. */
export const baseUrl = 'https://galaxy.scalar.com/';

/** RFC 7807 (https://datatracker.ietf.org/doc/html/rfc7807) */
export interface BadRequestError {
  type?: string;
  title?: string;
  /** Format: int64. */
  status?: number;
  detail?: string;
}

/** A celestial body which can be either a planet or a satellite */
export type CelestialBody =
  | (Planet & {type: 'terrestrial' | 'gas_giant' | 'ice_giant' | 'dwarf' | 'super_earth'})
  | (Satellite & {type: 'moon' | 'asteroid' | 'comet'});

/** A celestial body which can be either a planet or a satellite */
export type CelestialBodyInput =
  | (PlanetInput & {type: 'terrestrial' | 'gas_giant' | 'ice_giant' | 'dwarf' | 'super_earth'})
  | (SatelliteInput & {type: 'moon' | 'asteroid' | 'comet'});

/** Error response for resource conflicts (RFC 7807). Returned when the request conflicts with the current state of the resource. */
export interface Conflict {
  type?: string;
  title?: string;
  /** Format: int64. */
  status?: number;
  detail?: string;
}

/** Credentials to authenticate a user */
export interface CredentialsInput {
  /** Format: email. */
  email: string;
  password: string;
}

/** Error response for forbidden access (RFC 7807). Returned when the user does not have permission to access the requested resource. */
export interface ForbiddenError {
  type?: string;
  title?: string;
  /** Format: int64. */
  status?: number;
  detail?: string;
}

/** Message about an image upload */
export interface ImageUploadedMessage {
  message?: string;
  /** The URL where the uploaded image can be accessed */
  imageUrl?: string;
  /**
   * Timestamp when the image was uploaded
   *
   * Format: date-time.
   */
  uploadedAt?: string;
  /** Size of the uploaded image in bytes */
  fileSize?: number;
  /** The content type of the uploaded image */
  mimeType?: string;
}

/** Error response for resource not found (RFC 7807). Returned when the requested resource does not exist. */
export interface NotFoundError {
  type?: string;
  title?: string;
  /** Format: int64. */
  status?: number;
  detail?: string;
}

/** A generic paginated resource. Specializing schemas bind the item type by declaring a `$dynamicAnchor` named `itemType`, the JSON Schema 2020-12 way to express `PaginatedResource<T>`. */
export interface PaginatedResource {
  data?: unknown[];
  meta?: {
    /** Format: int64. */
    limit?: number;
    /** Format: int64. */
    offset?: number;
    /** Format: int64. */
    total?: number;
    next?: string | null;
  };
}

/** A planet in the Scalar Galaxy */
export interface Planet {
  /** Format: int64. */
  id: number;
  name: string;
  description?: string | null;
  type?: 'terrestrial' | 'gas_giant' | 'ice_giant' | 'dwarf' | 'super_earth';
  /** A score from 0 to 1 indicating potential habitability */
  habitabilityIndex?: number;
  physicalProperties?: {
    /** Mass in Earth masses (must be greater than 0) */
    mass?: number;
    /** Radius in Earth radii (must be greater than 0) */
    radius?: number;
    /** Surface gravity in Earth g */
    gravity?: number;
    temperature?: {
      /** Minimum temperature in Kelvin */
      min?: number;
      /** Maximum temperature in Kelvin */
      max?: number;
      /** Average temperature in Kelvin */
      average?: number;
      [name: string]: number | undefined;
    };
    [name: string]: number | undefined | {
      /** Minimum temperature in Kelvin */
      min?: number;
      /** Maximum temperature in Kelvin */
      max?: number;
      /** Average temperature in Kelvin */
      average?: number;
      [name: string]: number | undefined;
    };
  };
  /** Atmospheric composition */
  atmosphere?: {
    compound?: string;
    percentage?: number;
    [name: string]: string | undefined | number;
  }[];
  /** Format: date-time. */
  discoveredAt?: string;
  image?: string | null;
  satellites?: Satellite[];
  creator?: User;
  tags?: string[];
  /** Format: date-time. */
  lastUpdated?: string;
  /**
   * URL which gets invoked upon a successful operation
   *
   * Format: uri.
   */
  successCallbackUrl?: string;
  /**
   * URL which gets invoked upon a failed operation
   *
   * Format: uri.
   */
  failureCallbackUrl?: string;
}

/** A planet in the Scalar Galaxy */
export interface PlanetInput {
  name: string;
  description?: string | null;
  type?: 'terrestrial' | 'gas_giant' | 'ice_giant' | 'dwarf' | 'super_earth';
  /** A score from 0 to 1 indicating potential habitability */
  habitabilityIndex?: number;
  physicalProperties?: {
    /** Mass in Earth masses (must be greater than 0) */
    mass?: number;
    /** Radius in Earth radii (must be greater than 0) */
    radius?: number;
    /** Surface gravity in Earth g */
    gravity?: number;
    temperature?: {
      /** Minimum temperature in Kelvin */
      min?: number;
      /** Maximum temperature in Kelvin */
      max?: number;
      /** Average temperature in Kelvin */
      average?: number;
      [name: string]: number | undefined;
    };
    [name: string]: number | undefined | {
      /** Minimum temperature in Kelvin */
      min?: number;
      /** Maximum temperature in Kelvin */
      max?: number;
      /** Average temperature in Kelvin */
      average?: number;
      [name: string]: number | undefined;
    };
  };
  /** Atmospheric composition */
  atmosphere?: {
    compound?: string;
    percentage?: number;
    [name: string]: string | undefined | number;
  }[];
  /** Format: date-time. */
  discoveredAt?: string;
  image?: string | null;
  satellites?: SatelliteInput[];
  creator?: UserInput;
  tags?: string[];
  /**
   * URL which gets invoked upon a successful operation
   *
   * Format: uri.
   */
  successCallbackUrl?: string;
  /**
   * URL which gets invoked upon a failed operation
   *
   * Format: uri.
   */
  failureCallbackUrl?: string;
}

/** Every satellite in the Scalar Galaxy */
export interface Satellite {
  /** Format: int64. */
  id?: number;
  name: string;
  description?: string | null;
  /** Diameter in kilometers */
  diameter?: number;
  type?: 'moon' | 'asteroid' | 'comet';
  orbit?: {
    planet?: Planet;
    /** Orbital period in Earth days */
    orbitalPeriod?: number;
    /** Average distance from the planet in kilometers */
    distance?: number;
  };
}

/** Every satellite in the Scalar Galaxy */
export interface SatelliteInput {
  name: string;
  description?: string | null;
  /** Diameter in kilometers */
  diameter?: number;
  type?: 'moon' | 'asteroid' | 'comet';
  orbit?: {
    planet?: PlanetInput;
    /** Orbital period in Earth days */
    orbitalPeriod?: number;
    /** Average distance from the planet in kilometers */
    distance?: number;
  };
}

/** A token to authenticate a user */
export interface Token {
  token?: string;
}

/** Error response for rate limiting (RFC 7807). Returned when the client has exceeded the rate limit for requests. */
export interface TooManyRequestsError {
  type?: string;
  title?: string;
  /** Format: int64. */
  status?: number;
  detail?: string;
}

/** Error response for unauthorized access (RFC 7807). Returned when authentication is required or has failed. */
export interface UnauthorizedError {
  type?: string;
  title?: string;
  /** Format: int64. */
  status?: number;
  detail?: string;
}

/** Error response for unprocessable entity (RFC 7807). Returned when the request is well-formed but contains semantic errors. */
export interface UnprocessableEntity {
  type?: string;
  title?: string;
  /** Format: int64. */
  status?: number;
  detail?: string;
}

/** A user */
export interface User {
  /** Format: int64. */
  id?: number;
  name?: string;
}

/** A user */
export interface UserInput {
  name?: string;
}

/**
 * Get all planets
 *
 * It's easy to say you know them all, but do you really? Retrieve all the planets and check whether you missed one.
 */
export const getAllData = /* @__PURE__ */ endpoint('GET /planets', {
  query: /* @__PURE__ */ type<{
    /**
     * The number of items to return
     *
     * @default 10
     */
    limit?: number;
    /**
     * The number of items to skip before starting to collect the result set
     *
     * @default 0
     */
    offset?: number;
  }>(),
  response: /* @__PURE__ */ type<PaginatedResource>(),
});

/**
 * Create a planet
 *
 * Time to play god and create a new planet. What do you think? Ah, don't think too much. What could go wrong anyway?
 */
export const createPlanet = /* @__PURE__ */ endpoint('POST /planets', {
  body: /* @__PURE__ */ type<PlanetInput | undefined>(),
  response: /* @__PURE__ */ type<Planet>(),
  errors: {
    /** Bad Request */
    400: /* @__PURE__ */ type<BadRequestError>(),
    /** Forbidden */
    403: /* @__PURE__ */ type<ForbiddenError>(),
  },
});

/**
 * Get a planet
 *
 * You'll better learn a little bit more about the planets. It might come in handy once space travel is available for everyone.
 */
export const getPlanet = /* @__PURE__ */ endpoint('GET /planets/{planetId}', {
  path: /* @__PURE__ */ type<{
    /** The ID of the planet to get */
    planetId: number;
  }>(),
  response: /* @__PURE__ */ type<Planet>(),
  errors: {
    /** Not Found */
    404: /* @__PURE__ */ type<NotFoundError>(),
  },
});

/**
 * Update a planet
 *
 * Sometimes you make mistakes, that's fine. No worries, you can update all planets.
 */
export const updatePlanet = /* @__PURE__ */ endpoint('PUT /planets/{planetId}', {
  path: /* @__PURE__ */ type<{
    /** The ID of the planet to get */
    planetId: number;
  }>(),
  body: /* @__PURE__ */ type<PlanetInput | undefined>(),
  response: /* @__PURE__ */ type<Planet>(),
  errors: {
    /** Bad Request */
    400: /* @__PURE__ */ type<BadRequestError>(),
    /** Forbidden */
    403: /* @__PURE__ */ type<ForbiddenError>(),
    /** Not Found */
    404: /* @__PURE__ */ type<NotFoundError>(),
  },
});

/**
 * Delete a planet
 *
 * This endpoint was used to delete planets. Unfortunately, that caused a lot of trouble for planets with life. So, this endpoint is now deprecated and should not be used anymore.
 */
export const deletePlanet = /* @__PURE__ */ endpoint('DELETE /planets/{planetId}', {
  path: /* @__PURE__ */ type<{
    /** The ID of the planet to get */
    planetId: number;
  }>(),
  errors: {
    /** Not Found */
    404: /* @__PURE__ */ type<NotFoundError>(),
  },
});

/**
 * Upload an image to a planet
 *
 * Got a crazy good photo of a planet? Share it with the world!
 */
export const uploadImage = /* @__PURE__ */ endpoint('POST /planets/{planetId}/image', {
  path: /* @__PURE__ */ type<{
    /** The ID of the planet to get */
    planetId: number;
  }>(),
  body: /* @__PURE__ */ asMultipart(/* @__PURE__ */ type<{
    /** The image file to upload */
    image?: Blob;
  } | undefined>()),
  response: /* @__PURE__ */ type<ImageUploadedMessage>(),
  errors: {
    /** Bad Request */
    400: /* @__PURE__ */ type<BadRequestError>(),
    /** Forbidden */
    403: /* @__PURE__ */ type<ForbiddenError>(),
    /** Not Found */
    404: /* @__PURE__ */ type<NotFoundError>(),
  },
});

/**
 * Create a celestial body
 *
 * Stars, moons, comets, the occasional rogue asteroid — if it glows or drifts through the void, you can add it here.
 */
export const createCelestialBody = /* @__PURE__ */ endpoint('POST /celestial-bodies', {
  body: /* @__PURE__ */ type<CelestialBodyInput>(),
  response: /* @__PURE__ */ type<CelestialBody>(),
});

/**
 * Create a user
 *
 * Time to create a user account, eh?
 */
export const createUser = /* @__PURE__ */ endpoint('POST /user/signup', {
  body: /* @__PURE__ */ type<(UserInput & CredentialsInput) | undefined>(),
  response: /* @__PURE__ */ type<User>(),
  errors: {
    /** Bad Request */
    400: /* @__PURE__ */ type<BadRequestError>(),
    /** Unauthorized */
    401: /* @__PURE__ */ type<UnauthorizedError>(),
    /** Forbidden */
    403: /* @__PURE__ */ type<ForbiddenError>(),
    /** Conflict */
    409: /* @__PURE__ */ type<Conflict>(),
    /** Unprocessable Entity */
    422: /* @__PURE__ */ type<UnprocessableEntity>(),
  },
});

/**
 * Get a token
 *
 * Yeah, this is the boring security stuff. Just get your super secret token and move on.
 */
export const getToken = /* @__PURE__ */ endpoint('POST /auth/token', {
  body: /* @__PURE__ */ type<CredentialsInput | undefined>(),
  response: /* @__PURE__ */ type<Token>(),
  errors: {
    /** Bad Request */
    400: /* @__PURE__ */ type<BadRequestError>(),
    /** Unauthorized */
    401: /* @__PURE__ */ type<UnauthorizedError>(),
    /** Forbidden */
    403: /* @__PURE__ */ type<ForbiddenError>(),
    /** Too Many Requests */
    429: /* @__PURE__ */ type<TooManyRequestsError>(),
  },
});

/**
 * Get authenticated user
 *
 * Find yourself they say. That's what you can do here.
 */
export const getMe = /* @__PURE__ */ endpoint('GET /me', {
  response: /* @__PURE__ */ type<User>(),
  errors: {
    /** Unauthorized */
    401: /* @__PURE__ */ type<UnauthorizedError>(),
    /** Forbidden */
    403: /* @__PURE__ */ type<ForbiddenError>(),
  },
});

export const planets = {
  /** Get all planets */
  getAllData,
  /** Create a planet */
  createPlanet,
  /** Get a planet */
  getPlanet,
  /** Update a planet */
  updatePlanet,
  /** Delete a planet */
  deletePlanet,
  /** Upload an image to a planet */
  uploadImage,
};

export const celestialBodies = {
  /** Create a celestial body */
  createCelestialBody,
};

export const authentication = {
  /** Create a user */
  createUser,
  /** Get a token */
  getToken,
  /** Get authenticated user */
  getMe,
};

/**
 * Makes a client on a session.
 *
 * Its requests may have to be signed, by the session's `auth`:
 *
 * - `{bearer}`
 * - `{basic: {username, password}}`
 * - `apiKey({header: 'X-API-Key', value})`
 * - `apiKey({query: 'api_key', value})`
 * - `oauth2ClientCredentials({tokenUrl: 'https://galaxy.scalar.com/oauth/token', clientId, clientSecret})`
 * - `tokenSource(getToken)`
 */
export const createClient = /* @__PURE__ */ defineClient({
  planets,
  celestialBodies,
  authentication,
});

/** What `createClient` makes. */
export type Client = ReturnType<typeof createClient>;
