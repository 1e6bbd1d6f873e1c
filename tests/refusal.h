/* refusal.h: descriptions that are refused, and what is said of them. */
#ifndef REFUSAL_H
#define REFUSAL_H

/* The description, as wrong.lua, is refused when it is read, with this message among those that say a place in it. */
void expect_not_read(const char *text, const char *message);
/* The same, when it is read or when it is compiled. */
void expect_not_compiled(const char *text, const char *message);

#endif
