/* tristate: yes, no, or nothing said; zero is nothing said. */
#ifndef SQUALL_POLICY_TRISTATE_H
#define SQUALL_POLICY_TRISTATE_H

enum tristate { ANY, NO, YES };

#endif
