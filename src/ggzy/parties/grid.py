"""Who may do what: one table, crossed with the relation (own organisation, this lot, conflict) inside each act."""

from enum import StrEnum

from ggzy.kernel.actors import Actor, Role
from ggzy.kernel.refusals import NotPermitted, NotSignedIn


class Permission(StrEnum):
    """Everything that can be done or read, `context:object:act`."""

    PORTAL_READ = "portal:public:read"
    PARTY_REGISTER = "parties:organisation:register"
    CERTIFICATE_APPLY = "identity:certificate:apply"
    TRUST_PROPOSE = "identity:trust:propose"
    TRUST_CONFIRM = "identity:trust:confirm"
    BASIS_PROPOSE = "pilots:basis:propose"
    BASIS_CONFIRM = "pilots:basis:confirm"
    LIMIT_PROPOSE = "statutes:limit:propose"
    LIMIT_CONFIRM = "statutes:limit:confirm"
    CLAUSE_READ = "statutes:clause:read"
    REGISTRY_KEEP = "registry:record:keep"
    SERVICE_KEEP = "services:case:keep"
    HELP_ASK = "services:help:ask"
    HELP_GIVE = "services:help:give"
    WORKBENCH_READ = "portal:workbench:read"
    PROJECT_REGISTER = "projects:project:register"
    TENDER_EDIT = "tendering:tender:edit"
    TENDER_READ_DRAFT = "tendering:draft:read"
    REVIEW_CONCLUDE = "tendering:review:conclude"
    TENDER_PUBLISH = "tendering:tender:publish"
    FILE_SEAL = "tendering:file:seal"
    FORM_CHECK = "tendering:form:check"
    FILE_TAKE = "inquiries:file:take"
    QUESTION_ASK = "inquiries:question:ask"
    FILE_OBJECT = "objections:file:raise"
    CHANGE_MAKE = "changes:tender:change"
    TENDER_TERMINATE = "changes:tender:terminate"
    TENDER_SUSPEND = "changes:tender:suspend"
    OUTAGE_REPORT = "changes:outage:report"
    BID_SUBMIT = "bidding:bid:submit"
    BID_READ_OWN = "bidding:own:read"
    OPENING_HOST = "opening:session:host"
    OPENING_RELEASE = "opening:key:release"
    OPENING_SHARE = "opening:share:release"
    OPENING_CHECK_IN = "opening:session:check-in"
    OPENING_OBJECT = "opening:objection:raise"
    OPENING_WATCH = "opening:hall:read"
    DRAW_REQUEST = "experts:draw:request"
    DRAW_SEED = "experts:seed:give"
    DRAW_ANSWER = "experts:call:answer"
    MEETING_PLAN = "committees:meeting:plan"
    MEETING_READ = "committees:meeting:read"
    MEETING_KEEP = "committees:meeting:keep"
    SITE_ANSWER = "committees:site:answer"
    CLARIFY = "committees:clarification:answer"
    DRAW_OVERSEE = "experts:draw:oversee"
    DRAW_ATTEND = "experts:attendance:keep"
    TIE_KEEP = "experts:tie:keep"
    AGREEMENT_KEEP = "experts:agreement:keep"
    POOL_OWN = "pool:file:own"
    POOL_KEEP = "pool:file:keep"
    POOL_OPEN = "pool:personal:open"
    POOL_SUSPEND = "pool:suspension:decide"
    POOL_APPEAL = "pool:appeal:decide"
    POOL_RATE = "pool:rating:give"
    POOL_FEES = "pool:fee:confirm"
    COMMITTEE_SEAT = "evaluation:committee:seat"
    QUALIFY = "evaluation:qualification:conclude"
    EVALUATE = "evaluation:sheet:write"
    EVALUATION_READ = "evaluation:report:read"
    CHANGE_CONFIRM = "evaluation:change:confirm"
    EVALUATION_REOPEN = "evaluation:sitting:reopen"
    EVALUATION_UNLOCK = "evaluation:sitting:unlock"
    EVALUATION_READ_SHEETS = "evaluation:sheets:read"
    PUBLICITY_START = "awarding:publicity:start"
    RESULT_OBJECT = "objections:result:raise"
    OBJECTION_ANSWER = "objections:result:answer"
    CHALLENGE_RAISE = "objections:challenge:raise"
    CHALLENGE_ANSWER = "objections:challenge:answer"
    COMPLAINT_FILE = "complaints:complaint:file"
    COMPLAINT_STATE = "complaints:statement:give"
    COMPLAINT_HANDLE = "complaints:complaint:handle"
    COMPLAINT_ORDER = "complaints:order:give"
    COMPLAINT_DECIDE = "complaints:decision:make"
    COMPLAINT_ROUTES = "complaints:powers:keep"
    AWARD = "awarding:award:decide"
    PANEL_NAME = "awarding:panel:name"
    PANEL_VOTE = "awarding:panel:vote"
    AWARD_END = "awarding:award:end"
    AWARD_ANNUL = "awarding:award:annul"
    CONTRACT_SIGN = "contracting:contract:sign"
    SOURCE_ARGUE = "single_source:purchase:argue"
    SOURCE_DECIDE = "single_source:purchase:decide"
    SOURCE_OBJECT = "single_source:objection:raise"
    SOURCE_APPROVE = "single_source:approval:decide"
    SOURCE_OFFER = "single_source:offer:make"
    SOURCE_SIGN = "single_source:record:sign"
    FRAMEWORK_COLLECT = "frameworks:framework:collect"
    FRAMEWORK_JOIN = "frameworks:membership:apply"
    FRAMEWORK_CALL = "frameworks:call:raise"
    FRAMEWORK_ANSWER = "frameworks:call:answer"
    FRAMEWORK_SIGN = "frameworks:contract:sign"
    INNOVATION_BUY = "innovation:purchase:run"
    INNOVATION_APPLY = "innovation:response:make"
    INNOVATION_JUDGE = "innovation:group:judge"
    INNOVATION_SIGN = "innovation:contract:sign"
    INNOVATION_RESEARCH = "innovation:research:hand_in"
    PAPER_SEAL = "papers:paper:seal"
    PAPER_READ = "papers:paper:read"
    DESK_EXPORT = "portal:desk:export"
    PERFORMANCE_START = "contracting:performance:start"
    EVIDENCE_READ_PARTY = "evidence:party:read"
    EVIDENCE_READ_SUPERVISOR = "evidence:supervisor:read"
    ARCHIVE_MAKE = "archives:archive:make"
    ARCHIVE_HAND_OVER = "archives:archive:hand-over"
    PACK_TAKE = "archives:pack:take"
    PACKAGE_READ = "archives:package:read"
    CLOCK_MOVE = "kernel:clock:move"
    VENUE_READ = "venues:calendar:read"
    VENUE_BOOK = "venues:booking:book"
    STAFF_MANAGE = "venues:staff:manage"
    WITNESS = "witnessing:session:witness"
    WITNESS_REPORT = "witnessing:report:seal"
    WITNESS_READ = "witnessing:session:read"
    WITNESS_ACKNOWLEDGE = "witnessing:incident:acknowledge"
    PUBLICATION_READ = "publishing:delivery:read"
    PUBLICATION_RETRY = "publishing:delivery:retry"
    FRONT_READ = "fronts:front:read"
    FRONT_OBJECT = "fronts:objection:raise"
    INVITATION_APPROVE = "fronts:invitation:approve"
    INVITATION_ANSWER = "fronts:invitation:answer"
    PROPOSALS_READ = "fronts:proposals:read"
    STAMP_KEEP = "seals:stamp:keep"
    STAMP_DESK = "seals:desk:read"
    STAMP_DECIDE = "seals:stamp:decide"
    SECURITY_OWN = "identity:security:own"
    MESSAGES_OWN = "messages:own:keep"
    MESSAGES_OVERSEE = "messages:undelivered:read"
    ACCOUNT_MANAGE = "identity:account:manage"
    DEPOSIT_OWN = "deposits:own:keep"
    DEPOSIT_BIND = "deposits:own:bind"
    DEPOSIT_READ = "deposits:list:read"
    DEPOSIT_HOLD = "deposits:hold:set"
    DEPOSIT_FORFEIT = "deposits:forfeiture:decide"
    DEPOSIT_CONVERT = "deposits:conversion:decide"
    DEPOSIT_LEDGER = "deposits:ledger:read"
    DEPOSIT_DESK = "deposits:ledger:keep"
    DEPOSIT_BANK = "deposits:movements:read"
    GUARANTEE_ISSUE = "deposits:guarantee:issue"
    GUARANTEE_CLAIM = "deposits:guarantee:claim"


_R = Role
_OWNERS = frozenset({_R.TENDEREE, _R.AGENCY})
_SIGNED_IN = frozenset(
    {
        _R.TENDEREE,
        _R.AGENCY,
        _R.BIDDER,
        _R.EXPERT,
        _R.CENTRE,
        _R.PARTNER,
        _R.SUPERVISOR,
        _R.ADMIN,
        _R.FINANCE,
    }
)
_ANYONE = _SIGNED_IN | {_R.PUBLIC}

GRID: dict[Permission, frozenset[Role]] = {
    Permission.PORTAL_READ: _ANYONE,
    Permission.PARTY_REGISTER: _ANYONE | {_R.SYSTEM},
    Permission.CERTIFICATE_APPLY: _SIGNED_IN,
    # not in BINDING: the first list must be made before any certificate can be bound (identity/listing.py)
    Permission.TRUST_PROPOSE: frozenset({_R.ADMIN}),
    Permission.TRUST_CONFIRM: frozenset({_R.ADMIN}),
    Permission.BASIS_PROPOSE: frozenset({_R.ADMIN}),
    Permission.BASIS_CONFIRM: frozenset({_R.ADMIN}),
    Permission.LIMIT_PROPOSE: frozenset({_R.ADMIN}),
    Permission.LIMIT_CONFIRM: frozenset({_R.ADMIN}),
    Permission.CLAUSE_READ: frozenset({_R.ADMIN}),
    Permission.REGISTRY_KEEP: _OWNERS | {_R.BIDDER},
    Permission.SERVICE_KEEP: frozenset({_R.CENTRE}),
    # not for bidders: who helps a bidder would learn before the opening that there is one (招标投标法22)
    Permission.HELP_ASK: _OWNERS,
    Permission.HELP_GIVE: frozenset({_R.CENTRE}),
    Permission.WORKBENCH_READ: _SIGNED_IN,
    Permission.PROJECT_REGISTER: _OWNERS,
    Permission.TENDER_EDIT: _OWNERS,
    Permission.TENDER_READ_DRAFT: _OWNERS | {_R.CENTRE, _R.SUPERVISOR},
    Permission.REVIEW_CONCLUDE: frozenset({_R.TENDEREE}),
    Permission.TENDER_PUBLISH: _OWNERS,
    Permission.FILE_SEAL: _OWNERS,
    Permission.FORM_CHECK: frozenset({_R.CENTRE}),
    Permission.FILE_TAKE: frozenset({_R.BIDDER}),
    Permission.QUESTION_ASK: frozenset({_R.BIDDER}),
    Permission.FILE_OBJECT: frozenset({_R.BIDDER}),
    Permission.CHANGE_MAKE: _OWNERS,
    Permission.TENDER_TERMINATE: frozenset({_R.TENDEREE}),
    Permission.TENDER_SUSPEND: _OWNERS | {_R.SUPERVISOR},
    # not binding: trouble with certificates is one of the reasons for this button
    Permission.OUTAGE_REPORT: _OWNERS | {_R.CENTRE},
    Permission.BID_SUBMIT: frozenset({_R.BIDDER}),
    Permission.BID_READ_OWN: frozenset({_R.BIDDER}),
    Permission.OPENING_HOST: _OWNERS,
    Permission.OPENING_RELEASE: frozenset({_R.BIDDER}),
    Permission.OPENING_SHARE: frozenset({_R.TENDEREE, _R.AGENCY, _R.CENTRE}),
    Permission.OPENING_CHECK_IN: frozenset({_R.BIDDER}),
    Permission.OPENING_OBJECT: frozenset({_R.BIDDER}),
    Permission.OPENING_WATCH: _ANYONE,
    Permission.DRAW_REQUEST: _OWNERS,
    Permission.DRAW_SEED: _OWNERS | {_R.CENTRE, _R.SUPERVISOR},
    Permission.DRAW_ANSWER: frozenset({_R.EXPERT}),
    Permission.MEETING_PLAN: _OWNERS | {_R.CENTRE},
    Permission.MEETING_READ: _OWNERS | {_R.CENTRE, _R.SUPERVISOR},
    Permission.MEETING_KEEP: frozenset({_R.CENTRE}),
    Permission.SITE_ANSWER: frozenset({_R.CENTRE, _R.PARTNER}),
    Permission.CLARIFY: frozenset({_R.BIDDER}),
    Permission.DRAW_OVERSEE: frozenset({_R.SUPERVISOR}),
    Permission.DRAW_ATTEND: frozenset({_R.CENTRE}),
    Permission.TIE_KEEP: frozenset({_R.EXPERT}),
    Permission.AGREEMENT_KEEP: frozenset({_R.CENTRE}),
    Permission.POOL_OWN: frozenset({_R.EXPERT}),
    Permission.POOL_KEEP: frozenset({_R.CENTRE}),
    Permission.POOL_OPEN: frozenset({_R.CENTRE, _R.SUPERVISOR}),
    Permission.POOL_SUSPEND: frozenset({_R.SUPERVISOR}),
    Permission.POOL_APPEAL: frozenset({_R.CENTRE, _R.SUPERVISOR}),
    Permission.POOL_RATE: _OWNERS | {_R.CENTRE},
    Permission.POOL_FEES: _OWNERS,
    Permission.COMMITTEE_SEAT: _OWNERS,
    Permission.QUALIFY: _OWNERS,
    Permission.EVALUATE: frozenset({_R.EXPERT, _R.TENDEREE}),
    Permission.EVALUATION_READ: _OWNERS | {_R.EXPERT, _R.SUPERVISOR},
    Permission.CHANGE_CONFIRM: frozenset({_R.TENDEREE}),
    Permission.EVALUATION_REOPEN: frozenset({_R.TENDEREE}),
    Permission.EVALUATION_UNLOCK: frozenset({_R.TENDEREE, _R.SUPERVISOR}),
    Permission.EVALUATION_READ_SHEETS: frozenset({_R.SUPERVISOR}),
    Permission.PUBLICITY_START: _OWNERS,
    Permission.RESULT_OBJECT: frozenset({_R.BIDDER}),
    Permission.OBJECTION_ANSWER: _OWNERS,
    Permission.CHALLENGE_RAISE: frozenset({_R.BIDDER}),
    Permission.CHALLENGE_ANSWER: _OWNERS,
    Permission.COMPLAINT_FILE: frozenset({_R.BIDDER}),
    Permission.COMPLAINT_STATE: _OWNERS,
    Permission.COMPLAINT_HANDLE: frozenset({_R.SUPERVISOR}),
    Permission.COMPLAINT_ORDER: frozenset({_R.SUPERVISOR}),
    Permission.COMPLAINT_DECIDE: frozenset({_R.SUPERVISOR}),
    Permission.COMPLAINT_ROUTES: frozenset({_R.ADMIN}),
    Permission.AWARD: frozenset({_R.TENDEREE}),
    Permission.PANEL_NAME: frozenset({_R.TENDEREE}),
    # members may be of the tenderee, of another tenderee (its superior) or invited experts
    Permission.PANEL_VOTE: frozenset({_R.TENDEREE, _R.EXPERT}),
    Permission.AWARD_END: frozenset({_R.TENDEREE, _R.BIDDER}),
    Permission.AWARD_ANNUL: frozenset({_R.SUPERVISOR}),
    Permission.PERFORMANCE_START: frozenset({_R.TENDEREE}),
    Permission.CONTRACT_SIGN: frozenset({_R.TENDEREE, _R.BIDDER}),
    Permission.SOURCE_ARGUE: frozenset({_R.TENDEREE}),
    Permission.SOURCE_DECIDE: frozenset({_R.TENDEREE}),
    # any supplier, unit or person (74号令第四十条); the centre stays out of it
    Permission.SOURCE_OBJECT: _SIGNED_IN - {_R.CENTRE, _R.ADMIN},
    Permission.SOURCE_APPROVE: frozenset({_R.SUPERVISOR}),
    Permission.SOURCE_OFFER: frozenset({_R.BIDDER}),
    Permission.SOURCE_SIGN: frozenset({_R.TENDEREE, _R.BIDDER, _R.EXPERT}),
    Permission.FRAMEWORK_COLLECT: frozenset({_R.TENDEREE}),
    Permission.FRAMEWORK_JOIN: frozenset({_R.BIDDER}),
    Permission.FRAMEWORK_CALL: frozenset({_R.TENDEREE}),
    Permission.FRAMEWORK_ANSWER: frozenset({_R.BIDDER}),
    Permission.FRAMEWORK_SIGN: frozenset({_R.TENDEREE, _R.BIDDER}),
    Permission.INNOVATION_BUY: frozenset({_R.TENDEREE}),
    Permission.INNOVATION_APPLY: frozenset({_R.BIDDER}),
    Permission.INNOVATION_JUDGE: frozenset({_R.TENDEREE, _R.EXPERT}),
    Permission.INNOVATION_SIGN: frozenset({_R.TENDEREE, _R.BIDDER}),
    Permission.INNOVATION_RESEARCH: frozenset({_R.BIDDER}),
    Permission.PAPER_SEAL: _OWNERS,
    Permission.PAPER_READ: _OWNERS | {_R.CENTRE, _R.SUPERVISOR},
    Permission.DESK_EXPORT: _OWNERS | {_R.CENTRE, _R.SUPERVISOR},
    Permission.EVIDENCE_READ_PARTY: frozenset({_R.TENDEREE, _R.AGENCY, _R.BIDDER, _R.SUPERVISOR}),
    Permission.EVIDENCE_READ_SUPERVISOR: frozenset({_R.SUPERVISOR}),
    Permission.ARCHIVE_MAKE: _OWNERS | {_R.CENTRE},
    Permission.ARCHIVE_HAND_OVER: frozenset({_R.TENDEREE}),
    Permission.PACK_TAKE: _OWNERS | {_R.BIDDER, _R.CENTRE, _R.SUPERVISOR},
    Permission.PACKAGE_READ: _OWNERS | {_R.BIDDER, _R.CENTRE, _R.SUPERVISOR},
    Permission.CLOCK_MOVE: frozenset({_R.ADMIN}),
    Permission.VENUE_READ: _OWNERS | {_R.CENTRE, _R.SUPERVISOR},
    Permission.VENUE_BOOK: _OWNERS | {_R.CENTRE, _R.SYSTEM},
    Permission.STAFF_MANAGE: frozenset({_R.CENTRE}),
    Permission.WITNESS: frozenset({_R.CENTRE}),
    Permission.WITNESS_REPORT: frozenset({_R.CENTRE}),
    Permission.WITNESS_READ: frozenset({_R.CENTRE, _R.SUPERVISOR}),
    Permission.WITNESS_ACKNOWLEDGE: frozenset({_R.SUPERVISOR}),
    Permission.PUBLICATION_READ: _OWNERS | {_R.CENTRE, _R.SUPERVISOR},
    Permission.PUBLICATION_RETRY: _OWNERS | {_R.CENTRE},
    Permission.FRONT_READ: _OWNERS | {_R.SUPERVISOR},
    Permission.FRONT_OBJECT: frozenset({_R.BIDDER}),
    Permission.INVITATION_APPROVE: frozenset({_R.SUPERVISOR}),
    Permission.INVITATION_ANSWER: frozenset({_R.BIDDER}),
    Permission.PROPOSALS_READ: _OWNERS,
    Permission.STAMP_KEEP: _SIGNED_IN,
    Permission.STAMP_DESK: frozenset({_R.CENTRE, _R.ADMIN}),
    Permission.STAMP_DECIDE: frozenset({_R.CENTRE, _R.ADMIN}),
    Permission.SECURITY_OWN: _SIGNED_IN,
    Permission.MESSAGES_OWN: _SIGNED_IN,
    Permission.MESSAGES_OVERSEE: frozenset({_R.CENTRE}),
    Permission.ACCOUNT_MANAGE: frozenset({_R.ADMIN}),
    Permission.DEPOSIT_OWN: frozenset({_R.BIDDER}),
    # a promise, or another account for a refund: never on a password alone
    Permission.DEPOSIT_BIND: frozenset({_R.BIDDER}),
    Permission.DEPOSIT_READ: _OWNERS | {_R.CENTRE, _R.SUPERVISOR},
    # the agency does not decide over other people's money
    Permission.DEPOSIT_HOLD: frozenset({_R.TENDEREE}),
    Permission.DEPOSIT_FORFEIT: frozenset({_R.TENDEREE}),
    Permission.DEPOSIT_CONVERT: frozenset({_R.TENDEREE}),
    Permission.DEPOSIT_LEDGER: frozenset({_R.CENTRE, _R.SUPERVISOR}),
    Permission.DEPOSIT_DESK: frozenset({_R.CENTRE}),
    Permission.DEPOSIT_BANK: frozenset({_R.FINANCE}),
    Permission.GUARANTEE_ISSUE: frozenset({_R.FINANCE}),
    Permission.GUARANTEE_CLAIM: frozenset({_R.TENDEREE}),
}

#: acts that bind: they need a session that was proved with a certificate, not only a password
BINDING = frozenset(
    {
        Permission.REVIEW_CONCLUDE,
        Permission.TENDER_PUBLISH,
        Permission.CHANGE_MAKE,
        Permission.TENDER_TERMINATE,
        Permission.TENDER_SUSPEND,
        Permission.FILE_SEAL,
        Permission.BID_SUBMIT,
        Permission.OPENING_HOST,
        Permission.OPENING_RELEASE,
        Permission.OPENING_SHARE,
        Permission.DRAW_OVERSEE,
        Permission.POOL_SUSPEND,
        Permission.AGREEMENT_KEEP,
        Permission.EVALUATE,
        Permission.CLARIFY,
        Permission.CHANGE_CONFIRM,
        Permission.EVALUATION_REOPEN,
        Permission.EVALUATION_UNLOCK,
        Permission.BASIS_PROPOSE,
        Permission.BASIS_CONFIRM,
        Permission.LIMIT_PROPOSE,
        Permission.LIMIT_CONFIRM,
        Permission.CLAUSE_READ,
        Permission.CHALLENGE_RAISE,
        Permission.CHALLENGE_ANSWER,
        Permission.COMPLAINT_FILE,
        Permission.COMPLAINT_ORDER,
        Permission.COMPLAINT_DECIDE,
        Permission.AWARD,
        Permission.PANEL_NAME,
        Permission.PANEL_VOTE,
        Permission.AWARD_END,
        Permission.AWARD_ANNUL,
        Permission.CONTRACT_SIGN,
        Permission.SOURCE_DECIDE,
        Permission.SOURCE_APPROVE,
        Permission.SOURCE_OFFER,
        Permission.SOURCE_SIGN,
        Permission.FRAMEWORK_COLLECT,
        Permission.FRAMEWORK_JOIN,
        Permission.FRAMEWORK_CALL,
        Permission.FRAMEWORK_ANSWER,
        Permission.FRAMEWORK_SIGN,
        Permission.INNOVATION_BUY,
        Permission.INNOVATION_APPLY,
        Permission.INNOVATION_JUDGE,
        Permission.INNOVATION_SIGN,
        Permission.INNOVATION_RESEARCH,
        Permission.PAPER_SEAL,
        Permission.WITNESS_REPORT,
        Permission.INVITATION_APPROVE,
        Permission.INVITATION_ANSWER,
        Permission.ARCHIVE_HAND_OVER,
        Permission.STAMP_DECIDE,
        Permission.DEPOSIT_BIND,
        Permission.DEPOSIT_HOLD,
        Permission.DEPOSIT_FORFEIT,
        Permission.DEPOSIT_CONVERT,
        Permission.GUARANTEE_ISSUE,
        Permission.GUARANTEE_CLAIM,
    }
)


class CertificateNeeded(NotPermitted):
    """A binding act from a session that only a password opened."""

    code = "permission.certificate_needed"


class ProveAgain(NotPermitted):
    """A binding act from a session whose certificate was proved too long ago."""

    code = "permission.prove_again"


#: what somebody of the centre may do for another side by its consent: prepare and look, nothing that binds
HELPABLE = frozenset(
    {
        Permission.PORTAL_READ,
        Permission.OPENING_WATCH,
        Permission.WORKBENCH_READ,
        Permission.PROJECT_REGISTER,
        Permission.TENDER_EDIT,
        Permission.TENDER_READ_DRAFT,
        Permission.PUBLICATION_READ,
    }
)


def may(actor: Actor, permission: Permission) -> bool:
    """Say whether the actor's role stands in the grid for a permission."""
    return actor.role in GRID[permission]


def require(actor: Actor, permission: Permission, *, signed: bool = False) -> None:
    """Let the act go on, or refuse. `signed`: the act itself carries the certificate's signature on its document.

    :raises NotSignedIn: nobody is signed in and the act is not for the public
    :raises NotPermitted: the role may not do this
    :raises CertificateNeeded: the act binds and the session was not proved with a certificate
    :raises ProveAgain: the act binds, nothing of it is signed, and the session's proof is too old
    """
    if actor.helper and permission not in HELPABLE:
        raise NotPermitted(
            f"帮办人员只能代为准备和查看, 此事项须由{actor.organisation_name}自己办理",
            next_steps=(("返回工作台", "/work"),),
        )
    if not may(actor, permission):
        if not actor.signed_in:
            raise NotSignedIn("请先登录再办理", next_steps=(("登录", "/login"),))
        allowed = "、".join(sorted(role.label for role in GRID[permission] if role is not Role.PUBLIC))
        raise NotPermitted(
            f"您当前的身份是{actor.role.label}, 此事项由{allowed}办理", next_steps=(("返回工作台", "/work"),)
        )
    if permission in BINDING and not actor.certificate:
        raise CertificateNeeded(
            "此事项具有法律约束力, 需要用数字证书登录后办理",
            next_steps=(("用数字证书登录", "/login?step=certificate"),),
        )
    if permission in BINDING and not signed:
        require_fresh_proof(actor)


def require_fresh_proof(actor: Actor) -> None:
    """Let an act that binds go on, or refuse.

    :raises ProveAgain: the session's certificate was proved longer ago than the settings allow
    """
    if actor.proof_is_old:
        raise ProveAgain(
            "距上次验证数字证书已超过规定时间, 此事项具有法律约束力, 请再验证一次证书, 然后继续办理",
            next_steps=(("验证证书", "/login?step=certificate"),),
        )
