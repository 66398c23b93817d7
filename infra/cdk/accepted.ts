export const accepted: { ids: string[]; on?: RegExp; reason: string }[] = [];
