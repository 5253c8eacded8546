/** The user was asked whether it should be done, and it should not. */
export class Declined extends Error {
  constructor() {
    super('nothing was done');
    this.name = 'Declined';
  }
}
