/*
 * effect_figures: what a run did to a service, in figures: the effects of its
 * operations, as a ledger or their answers show them. effects/ fills them in;
 * results, SLOs and reports only read.
 */
#ifndef SQUALL_MEASURE_EFFECT_FIGURES_H
#define SQUALL_MEASURE_EFFECT_FIGURES_H

#include "measure/fact.h"
#include "measure/hist.h"

enum effect_class {
#define EFFECT_CLASS(id, name, words, sentence) EFFECT_##id,
#include "measure/effect.def"
    EFFECT_CLASS_COUNT /* also: none */
};

/* With NONE, "not measured"; with EFFECT_ID see effects/answers.h. */
enum effect_oracle {
#define EFFECT_ORACLE(id, name, sentence) ORACLE_##id,
#include "measure/effect.def"
};

enum {
#define EFFECT_ORACLE(id, name, sentence) +1
    EFFECT_ORACLE_COUNT = 0
#include "measure/effect.def"
};

enum { EFFECT_EXAMPLES_MAX = 20 };

struct effect_example {
    enum effect_class class;
    uint64_t operation;
    enum verdict verdict;
    uint64_t effects;
    unsigned attempts;
    bool single_attempt; /* a duplicate that no retry of ours can have made */
    bool aliased;        /* other operations carried the same id */
    bool late;           /* the effect appeared after the verdict */
    bool one_key;        /* every attempt carried the same key */
    bool divergent;      /* its caller was given several effects */
    bool stuck;          /* its key was "in flight" to the end */
    struct instant intended;
    size_t note_count; /* 0: the trace was not kept */
    struct attempt_note notes[ATTEMPT_NOTES_MAX];
};

/* What answers showed, beside the oracle that judges (effects/answers.h). */
struct answer_figures {
    bool names_effects;        /* effect_id was looked for */
    bool knows_shared;         /* every named effect is in the log */
    bool compares;             /* answers to one key were compared */
    bool has_keys;             /* operations with a key: they can be stuck */
    uint64_t named_operations; /* an answer named an effect */
    uint64_t named_effects;    /* distinct within their operation */
    uint64_t unnamed;          /* answers that named none and should have */
    uint64_t duplicates;       /* operations of which two effects were named */
    uint64_t extra_effects;    /* beyond one an operation */
    uint64_t single_attempt;   /* duplicates that were sent once */
    uint64_t divergent;        /* operations whose caller was given two */
    uint64_t aliased;          /* operations whose effect another one named */
    uint64_t replay_mismatch;  /* operations whose answers to one key differ */
    uint64_t stuck;            /* "in flight" to the end */
};

/* Whether operations went through their states as they should. */
enum { STATE_NAME_MAX = 40, TRANSITION_EXAMPLES_MAX = 20 };

struct transition_example {
    uint64_t member;           /* an operation */
    char from[STATE_NAME_MAX]; /* "": it began so */
    char to[STATE_NAME_MAX];
    int64_t unix_ns;
};

struct transition_figures {
    bool is_measured;
    bool is_full;     /* HISTORY_MAX was reached: the figures are none */
    uint64_t checked; /* steps, with the first state of each operation */
    uint64_t illegal;
    uint64_t offenders; /* operations with an illegal step */
    size_t example_count;
    struct transition_example examples[TRANSITION_EXAMPLES_MAX];
};

struct effect_figures {
    enum effect_oracle oracle;
    struct answer_figures answers;
    char problem[200]; /* why, when unverified */
    uint64_t operations_checked;
    uint64_t classes[EFFECT_CLASS_COUNT];
    uint64_t table[VERDICT_COUNT][3]; /* verdict by 0, 1, 2 or more effects */
    uint64_t total_effects;           /* of the operations checked */
    uint64_t extra_effects; /* sum of effects beyond one an operation */
    uint64_t resent; /* operations checked that were sent more than once */
    uint64_t single_attempt;
    uint64_t aliased;     /* operations that share their id with others */
    uint64_t foreign_ids; /* exact up to 700,000; past that an id that
                           * comes twice counts twice */
    uint64_t foreign_effects;
    uint64_t warmup_operations; /* known to the join, counted nowhere else */
    uint64_t seen_before; /* operations whose id had effects before the run;
                           * counted nowhere else, too */
    bool tells_time;      /* else the next two are not measured */
    uint64_t late;        /* operations whose first effect came after the
                           * verdict */
    const struct hist *effect_lag; /* of the succeeded: from the verdict to the
                                    * first effect, at least 0; of the join */
    struct transition_figures transitions; /* members are operations */
    struct duration looked; /* for how long the ledger was read after the load;
                             * < 0: it was not */
    size_t example_count;
    struct effect_example examples[EFFECT_EXAMPLES_MAX];
};

/* Why none of a class says nothing: there was no operation of which it could
 * have been seen. NULL where it says something, and where there is one.
 * `resent` are requests that were sent again, in the whole run, and
 * `lost_responses` those that were lost on purpose after delivery. */
const char *effect_figures_unjudged(const struct effect_figures *effects,
                                    enum effect_class class, uint64_t resent,
                                    uint64_t lost_responses);

/* Of an operation with this verdict and so many effects. */
enum effect_class effect_class_of(enum verdict verdict, uint64_t effects);

const char *effect_class_name(enum effect_class class);

/* Its name in the table of the text. */
const char *effect_class_words(enum effect_class class);

/* Whether it breaks what was promised: duplicate, lost and phantom. */
bool effect_class_is_offence(enum effect_class class);

const char *effect_oracle_name(enum effect_oracle oracle);

#endif
