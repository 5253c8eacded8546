/** Folders of a data directory. */
export const META_FOLDER = 'meta';
/** A folder for each share, by its number. */
export const CONTENT_FOLDER = 'content';
