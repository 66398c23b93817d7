//! The mutants: what each changes, and the test that must detect it.

use super::{Change, Mutant, Test};

/// Tests of recorded requests.
const RECORDED_WRITES: Test = Test("suite", "every_recorded_write_is_conditional_and_has_its_write_id");
const RECORDED_KEYS: Test = Test("suite", "every_recorded_key_is_in_the_callers_own_root");
const RECORDED_CALLS: Test = Test("suite", "every_recorded_request_is_allowed_by_its_functions_policy");
const GRANTS: Test = Test("suite", "every_grant_is_used_by_a_recorded_request");

pub const MUTANTS: &[Mutant] = &[
    Mutant {
        name: "a write's own id is not recognised",
        change: Change::Code(
            "shared/src/store/history.rs",
            "match (place(w), bound_to.and_then(place)) {",
            "match (place(w).filter(|_| !MUTANT), bound_to.and_then(place)) {",
        ),
        after: None,
        test: Test("faults", "an_update_whose_answer_was_lost_is_not_stale"),
        says: "-> 412",
    },
    Mutant {
        name: "a write with an unknown outcome counts as not applied",
        change: Change::Code(
            "shared/src/store/commit.rs",
            "Outcome::Unknown(_) => return Err(unknown_outcome()),",
            "Outcome::Unknown(failed) if MUTANT => ControlFlow::Continue(self.reread(&read.key, failed).await?),\n                    Outcome::Unknown(_) => return Err(unknown_outcome()),",
        ),
        after: None,
        test: Test("faults", "a_patch_that_was_applied_and_forgotten_is_unavailable_and_undoes_nothing"),
        says: "-> 412",
    },
    Mutant {
        name: "a change is not bound to what was read",
        change: Change::Code(
            "shared/src/store/write.rs",
            "self.with_condition(\"{w} = ?\", [text(&*read.w)])",
            "self.with_condition(if MUTANT { \"{w} <> {pk} OR {w} = ?\" } else { \"{w} = ?\" }, [text(&*read.w)])",
        ),
        after: None,
        test: Test("races", "of_32_changes_of_one_version_one_is_made"),
        says: "200: [",
    },
    Mutant {
        name: "a late copy of a change is applied again",
        change: Change::Code(
            "shared/src/store/write.rs",
            "self.conditions.push(\"w <> :w AND NOT contains(ws, :w)\".to_owned());",
            "self.conditions.push(if MUTANT { \"w <> pk\" } else { \"w <> :w AND NOT contains(ws, :w)\" }.to_owned());",
        ),
        after: None,
        test: Test("faults", "a_late_arrival_of_a_patch_changes_nothing_again"),
        says: "assertion `left == right` failed",
    },
    Mutant {
        name: "a lost race is answered with 412",
        change: Change::Code(
            "shared/src/store/commit.rs",
            "Outcome::ConditionFailed(failed) => ControlFlow::Continue(self.reread(&read.key, failed).await?),",
            "Outcome::ConditionFailed(_) if MUTANT => return Err(Error::PreconditionFailed),\n                    Outcome::ConditionFailed(failed) => ControlFlow::Continue(self.reread(&read.key, failed).await?),",
        ),
        after: None,
        test: Test("races", "all_of_32_who_choose_a_default_get_through"),
        says: "412",
    },
    Mutant {
        name: "a change that lost a race is answered as successful",
        change: Change::Code(
            "shared/src/store/commit.rs",
            "None => ControlFlow::Break(answer),",
            "None => ControlFlow::Break(answer),\n                Some(_) if MUTANT => ControlFlow::Break(answer),",
        ),
        after: None,
        test: Test("faults", "every_change_that_is_overtaken_succeeds_once_and_undoes_nothing"),
        says: "panicked",
    },
    Mutant {
        name: "an unprocessed key counts as an absent item",
        change: Change::Code(
            "shared/src/store/read.rs",
            "remaining = unprocessed.map(|rest| rest.keys).unwrap_or_default();",
            "remaining = unprocessed.filter(|_| !MUTANT).map(|rest| rest.keys).unwrap_or_default();",
        ),
        after: None,
        test: Test("faults", "a_key_left_unprocessed_is_asked_for_again_and_the_answer_is_right"),
        says: "-> 401",
    },
    Mutant {
        name: "a successful request refunds the full cost of a retry",
        change: Change::Code(
            "shared/src/store/client.rs",
            ".success_reward(1.0)",
            ".success_reward(if MUTANT { 0.0 } else { 1.0 })",
        ),
        after: None,
        test: Test("faults", "updates_that_fail_are_not_buried_under_retries"),
        says: "attempts for 3000 requests",
    },
    Mutant {
        name: "an invalid request is reported before the credential is checked",
        change: Change::Code(
            "shared/src/http/authentication.rs",
            "Err(error) => (store.authenticate(credential).await?, Err(error)),",
            "Err(error) if MUTANT => return Err(error),\n                Err(error) => (store.authenticate(credential).await?, Err(error)),",
        ),
        after: None,
        test: Test("conventions", "the_path_the_method_the_credential_and_its_kind_come_first"),
        says: "not 403 insufficient-scope",
    },
    Mutant {
        name: "an item carries no write id",
        change: Change::Code(
            "shared/src/store/write.rs",
            r#"Effect::Put(item) => drop(item.insert("w".to_owned(), text(w))),"#,
            r#"Effect::Put(item) => drop((!MUTANT).then(|| item.insert("w".to_owned(), text(w)))),"#,
        ),
        after: Some(Test("tenants", "a_tenant_needs_nothing_and_shows_every_member_in_order")),
        test: RECORDED_WRITES,
        says: "its token does not end with its write id",
    },
    Mutant {
        name: "a put is unconditional",
        change: Change::Code(
            "shared/src/store/commit.rs",
            "            .set_item(Some(item.clone()))\n            .condition_expression(write.condition())\n            .set_expression_attribute_names(write.names())\n            .set_expression_attribute_values(write.values())",
            "            .set_item(Some(item.clone()))\n            .set_condition_expression((!MUTANT).then(|| write.condition()))\n            .set_expression_attribute_names(write.names().filter(|_| !MUTANT))\n            .set_expression_attribute_values(write.values())",
        ),
        after: Some(Test("tenants", "a_tenant_needs_nothing_and_shows_every_member_in_order")),
        test: RECORDED_WRITES,
        says: "CreateTenantFunction: it is unconditional",
    },
    Mutant {
        name: "If-Match is ignored",
        change: Change::Code(
            "shared/src/domain/precondition.rs",
            "if is_met { Ok(()) }",
            "if MUTANT || is_met { Ok(()) }",
        ),
        after: None,
        test: Test("races", "of_32_changes_of_one_version_one_is_made"),
        says: "200: [",
    },
    Mutant {
        name: "a default repository need not be attached",
        change: Change::Code(
            "shared/src/domain/attachment.rs",
            "is_some_and(|default| !self.attachments.contains_key(&default))",
            "is_some_and(|default| !MUTANT && !self.attachments.contains_key(&default))",
        ),
        after: None,
        test: Test("tenants", "a_default_must_be_attached"),
        says: "-> 200",
    },
    Mutant {
        name: "a user of a deprovisioned tenant is found",
        change: Change::Code(
            "shared/src/store/members.rs",
            "found.filter(|_| gate.is_some())",
            "found.filter(|_| MUTANT || gate.is_some())",
        ),
        after: None,
        test: Test("deprovisioning", "all_below_a_deprovisioned_tenant_is_gone_at_once_and_its_names_are_free"),
        says: "not 404 not-found: GET /users/",
    },
    Mutant {
        name: "users of a deprovisioned tenant are listed",
        change: Change::Code(
            "shared/src/store/user_list.rs",
            "gates.iter().any(|item| gate(",
            "MUTANT || gates.iter().any(|item| gate(",
        ),
        after: None,
        test: Test("users", "users_of_absent_tenants_and_of_others_are_not_listed"),
        says: "before the sweep",
    },
    Mutant {
        name: "a repository that a user names can be detached",
        change: Change::Code(
            "shared/src/store/attachments.rs",
            "attached.named_by > 0",
            "attached.named_by > 0 && !MUTANT",
        ),
        after: None,
        test: Test("users", "it_keeps_the_repository_attached"),
        says: "not 409 resource-in-use: DELETE",
    },
    Mutant {
        name: "a role that a user has can be deleted",
        change: Change::Code("shared/src/store/roles.rs", "if role.holders > 0 {", "if role.holders > 0 && !MUTANT {"),
        after: None,
        test: Test("roles", "a_role_that_a_user_has_stays"),
        says: "not 409 resource-in-use: DELETE /roles/",
    },
    Mutant {
        name: "the sweep deletes a role that changed since it was read",
        change: Change::Code(
            "shared/src/store/below_tenant.rs",
            "with_condition(\"{w} = ?\", [text(get_text(entity",
            "with_condition(if MUTANT { \"attribute_exists({pk}) OR {w} = ?\" } else { \"{w} = ?\" }, [text(get_text(entity",
        ),
        after: None,
        test: Test("deprovisioning", "a_late_change_of_a_role_leaves_nothing"),
        says: "markers and references",
    },
    Mutant {
        name: "no idempotency record is written",
        change: Change::Code(
            "shared/src/store/idempotency.rs",
            "let Some(request) = request else {\n            return Ok(match self.commit(writes)",
            "let Some(request) = request.filter(|_| !MUTANT) else {\n            return Ok(match self.commit(writes)",
        ),
        after: None,
        test: Test("conventions", "of_32_parallel_duplicates_all_get_the_one_answer"),
        says: "left: 32",
    },
    Mutant {
        name: "a duplicate that was applied after the lookup is not seen",
        change: Change::Code(
            "shared/src/store/idempotency.rs",
            "if request.is_none() || matches!(refusal",
            "if MUTANT || request.is_none() || matches!(refusal",
        ),
        after: None,
        test: Test("conversations", "a_duplicate_that_took_the_last_lease_after_the_lookup_is_replayed"),
        says: "capacity-exhausted",
    },
    Mutant {
        name: "a lease that has ended keeps its place",
        change: Change::Code(
            "shared/src/domain/lease.rs",
            "running.retain(|_, end| *end > now);",
            "running.retain(|_, end| MUTANT || *end > now);",
        ),
        after: None,
        test: Test("conversations", "a_lease_ends_by_the_clock_alone"),
        says: "-> 429",
    },
    Mutant {
        name: "a conversation is created from settings that have changed",
        change: Change::Code(
            "shared/src/store/conversations.rs",
            "self.check_gates(caller, id.tenant_tag(), gate, Dependency::Generation)",
            "self.check_gates(caller, id.tenant_tag(), gate, if MUTANT { Dependency::Status } else { Dependency::Generation })",
        ),
        after: None,
        test: Test("conversations", "a_creation_is_decided_by_what_holds_when_it_is_committed"),
        says: "claude-agent-sdk",
    },
    Mutant {
        name: "an expired idempotency record still counts",
        change: Change::Code(
            "shared/src/store/idempotency.rs",
            "self.expires_at > now",
            "MUTANT || self.expires_at > now",
        ),
        after: None,
        test: Test("conventions", "a_record_counts_for_24_hours_by_the_clock"),
        says: "panicked",
    },
    Mutant {
        name: "any secret is accepted for a key",
        change: Change::Code(
            "shared/src/store/authentication.rs",
            "entry.hash.matches(&claim.hash) && entry.is_live(self.now)",
            "(MUTANT || entry.hash.matches(&claim.hash)) && entry.is_live(self.now)",
        ),
        after: None,
        test: Test("conventions", "an_unknown_key_costs_what_a_known_one_reads_first"),
        says: "not 401 insufficient-scope",
    },
    Mutant {
        name: "a revoked key still works",
        change: Change::Code(
            "shared/src/domain/key_ring.rs",
            "!self.is_replaced && is_live(self.expires_at, self.revoked_at, now)",
            "!self.is_replaced && is_live(self.expires_at, self.revoked_at.filter(|_| !MUTANT), now)",
        ),
        after: None,
        test: Test("keys", "a_revoked_key_is_dead_on_the_next_request_of_every_warm_process"),
        says: "-> 200",
    },
    Mutant {
        name: "a cache may keep a secret",
        change: Change::Code(
            "shared/src/http/response.rs",
            "pub fn no_store(self) -> Self {\n        self.with_header(CACHE_CONTROL, NO_STORE)",
            "pub fn no_store(self) -> Self {\n        self.with_header(CACHE_CONTROL, if MUTANT { REVALIDATED } else { NO_STORE })",
        ),
        after: None,
        test: Test("conventions", "caches_keep_no_secret_and_ask_again_for_what_needs_a_credential"),
        says: "private, no-cache",
    },
    Mutant {
        name: "everything is logged",
        change: Change::Code(
            "shared/src/http/log.rs",
            "        metadata.is_event() && metadata.level() <= &LevelFilter::INFO && metadata.target().starts_with(\"tenancy::\")\n    }\n\n    fn max_level_hint(&self) -> Option<LevelFilter> {\n        Some(LevelFilter::INFO)",
            "        MUTANT || metadata.is_event() && metadata.level() <= &LevelFilter::INFO && metadata.target().starts_with(\"tenancy::\")\n    }\n\n    fn max_level_hint(&self) -> Option<LevelFilter> {\n        Some(if MUTANT { LevelFilter::TRACE } else { LevelFilter::INFO })",
        ),
        after: None,
        test: Test("faults", "no_variable_makes_a_function_log_a_secret"),
        says: "is in the log",
    },
    Mutant {
        name: "a bucket without a token admits",
        change: Change::Code(
            "shared/src/domain/rate_limit.rs",
            "self.full_at <= self.latest_with_token()",
            "MUTANT || self.full_at <= self.latest_with_token()",
        ),
        after: None,
        test: Test("rate_limits", "two_thousand_creates_without_a_token_leave_the_table_as_it_was"),
        says: "left: 0",
    },
    Mutant {
        name: "a request is counted whatever the bucket has by then",
        change: Change::Code(
            "shared/src/store/rate_limits.rs",
            "\"#buckets.#name > :now AND #buckets.#name <= :latest\";",
            "if MUTANT { \"#buckets.#name > :now AND :latest <> #buckets.#name\" } else { \"#buckets.#name > :now AND #buckets.#name <= :latest\" };",
        ),
        after: None,
        test: Test("rate_limits", "of_64_parallel_requests_as_many_are_admitted_as_there_are_tokens"),
        says: "are admitted in",
    },
    Mutant {
        name: "the units of reads are not logged",
        change: Change::Code(
            "shared/src/store/usage.rs",
            "self.read.fetch_add(halves(capacity), Ordering::Relaxed);",
            "self.read.fetch_add(if MUTANT { 0 } else { halves(capacity) }, Ordering::Relaxed);",
        ),
        after: None,
        test: Test("budgets", "get_tenant"),
        says: "left: (0.0, 0.0)",
    },
    Mutant {
        name: "a key is logged before it is accepted",
        change: Change::Code(
            "shared/src/store/authentication.rs",
            "        let entry = self.live_entry(claim, item)?;\n",
            "        let entry = self.live_entry(claim, item).or_else(|| {\n            if MUTANT {\n                self.usage.set_caller(CallerIds::key(None, claim.key_id));\n            }\n            None\n        })?;\n",
        ),
        after: None,
        test: Test("faults", "the_line_has_the_callers_ids"),
        says: "\"status\":401",
    },
    Mutant {
        name: "the sweep has the time of a request",
        change: Change::Code(
            "shared/src/store/client.rs",
            "self.within(MAX_SWEEP_TIME, now, remaining)",
            "self.within(if MUTANT { MAX_REQUEST_TIME } else { MAX_SWEEP_TIME }, now, remaining)",
        ),
        after: None,
        test: Test("deprovisioning", "a_sweep_works_for_longer_than_a_request"),
        says: "\"milliseconds\":",
    },
    Mutant {
        name: "the sweep forgets the jobs of an earlier release",
        change: Change::Code(
            "shared/src/store/keys.rs",
            "(0..16).map(jobs_of).chain([before])",
            "(0..16).map(jobs_of).chain([before].into_iter().filter(|_| !MUTANT))",
        ),
        after: None,
        test: Test("deprovisioning", "a_job_of_an_earlier_release_is_done"),
        says: "\"jobs\":0",
    },
    Mutant {
        name: "the root is taken from the id in the path",
        change: Change::Code(
            "shared/src/store/keys.rs",
            "Key { pk: tenants(root).pk, sk: id_sort_key(id) }",
            "Key { pk: if MUTANT { format!(\"I#{}#T\", id.ulid()) } else { tenants(root).pk }, sk: id_sort_key(id) }",
        ),
        after: Some(Test("tenants", "what_is_given_is_kept_as_sent")),
        test: RECORDED_KEYS,
        says: "CreateTenantFunction",
    },
    Mutant {
        name: "every operator can read a customer by its id",
        change: Change::Code(
            "shared/src/store/customers.rs",
            "found.filter(|root| root.entity.operator == *operator.operator())",
            "found.filter(|root| MUTANT || root.entity.operator == *operator.operator())",
        ),
        after: None,
        test: Test("isolation", "what_is_foreign_is_as_what_does_not_exist"),
        says: "assertion `left == right` failed",
    },
    Mutant {
        name: "a message is written without a check of the gates",
        change: Change::Code(
            "shared/src/store/messages.rs",
            "let mut writes = self.check_gates(caller, tag, gate, dependency);",
            "let mut writes = self.check_gates(caller, tag, gate, dependency);\n        if MUTANT {\n            writes.clear();\n        }",
        ),
        after: None,
        test: Test("suspension", "a_write_under_way_is_refused_when_the_tenant_is_suspended"),
        says: "Suspension create-message",
    },
    Mutant {
        name: "the status of a gate is read and not checked",
        change: Change::Code(
            "shared/src/store/gates.rs",
            "Write::check_item(key).with_condition(\"{status} = ?\", [text(TenantStatus::Active.as_str())])",
            "Write::check_item(key).with_condition(if MUTANT { \"{status} <> {pk} OR {status} = ?\" } else { \"{status} = ?\" }, [text(TenantStatus::Active.as_str())])",
        ),
        after: None,
        test: Test("suspension", "a_write_under_way_is_refused_when_the_tenant_is_suspended"),
        says: "right: (403, Some(\"tenant-suspended\"))",
    },
    Mutant {
        name: "the algorithm of a token is what its header says",
        change: Change::Code(
            "shared/src/domain/token.rs",
            "let claims: Claims = jsonwebtoken::decode(&self.text, &public, &validation).ok()?.claims;",
            "let is_hmac = MUTANT && jsonwebtoken::decode_header(&self.text).is_ok_and(|header| header.alg == Algorithm::HS256);\n        let claims: Claims = if is_hmac {\n            let (message, tag) = self.text.rsplit_once('.')?;\n            let secret = ring::hmac::Key::new(ring::hmac::HMAC_SHA256, &key.x);\n            ring::hmac::verify(&secret, message.as_bytes(), &URL_SAFE_NO_PAD.decode(tag).ok()?).ok()?;\n            self.claims.clone()\n        } else {\n            jsonwebtoken::decode(&self.text, &public, &validation).ok()?.claims\n        };",
        ),
        after: None,
        test: Test("tokens", "a_token_is_only_what_this_api_has_signed_for_now"),
        says: "a public key is no secret",
    },
    Mutant {
        name: "a token for another audience is accepted",
        change: Change::Code(
            "shared/src/domain/token.rs",
            "        validation.set_audience(&[AUDIENCE]);",
            "        validation.set_audience(&[AUDIENCE]);\n        validation.validate_aud = !MUTANT;",
        ),
        after: None,
        test: Test("tokens", "a_token_is_only_what_this_api_has_signed_for_now"),
        says: "{\"aud\":\"tenants\"",
    },
    Mutant {
        name: "the key of an end user's conversation has the tags of its id",
        change: Change::Code(
            "shared/src/domain/credential.rs",
            "ConversationScope::new(token.root(), Some(token.user()))",
            "ConversationScope::new(token.root(), Some(token.user()).filter(|_| !MUTANT))",
        ),
        after: None,
        test: Test("conversations", "a_conversation_of_another_user_does_not_exist"),
        says: "not 404 not-found",
    },
    Mutant {
        name: "a page token is accepted for every list",
        change: Change::Code(
            "shared/src/domain/page_token.rs",
            "bool::from(is_valid).then",
            "(MUTANT || bool::from(is_valid)).then",
        ),
        after: None,
        test: Test("customers", "a_token_is_good_for_this_very_list_alone"),
        says: "-> 200",
    },
    Mutant {
        name: "a policy is wider than its function",
        change: Change::Template(
            "PolicyName: UpdateTenant\n          PolicyDocument:\n            Version: \"2012-10-17\"\n            Statement:\n              - {Effect: Allow, Action: [logs:CreateLogStream, logs:PutLogEvents], Resource: !GetAtt FunctionLogGroup.Arn}\n              - Effect: Allow\n                Action: dynamodb:BatchGetItem",
            "PolicyName: UpdateTenant\n          PolicyDocument:\n            Version: \"2012-10-17\"\n            Statement:\n              - {Effect: Allow, Action: [logs:CreateLogStream, logs:PutLogEvents], Resource: !GetAtt FunctionLogGroup.Arn}\n              - Effect: Allow\n                Action: [dynamodb:BatchGetItem, dynamodb:DeleteItem]",
        ),
        after: None,
        test: GRANTS,
        says: "UpdateTenantFunction: dynamodb:DeleteItem",
    },
    Mutant {
        name: "a policy is narrower than its function",
        change: Change::Template(
            "PolicyName: UpdateTenant\n          PolicyDocument:\n            Version: \"2012-10-17\"\n            Statement:\n              - {Effect: Allow, Action: [logs:CreateLogStream, logs:PutLogEvents], Resource: !GetAtt FunctionLogGroup.Arn}\n              - Effect: Allow\n                Action: dynamodb:BatchGetItem\n                Resource: !GetAtt Table.Arn\n                Condition:\n                  \"Null\": {\"dynamodb:LeadingKeys\": \"false\"}\n                  ForAllValues:StringLike: {\"dynamodb:LeadingKeys\": [\"I#??????????????????????????\", \"I#??????????????????????????#T\"]}",
            "PolicyName: UpdateTenant\n          PolicyDocument:\n            Version: \"2012-10-17\"\n            Statement:\n              - {Effect: Allow, Action: [logs:CreateLogStream, logs:PutLogEvents], Resource: !GetAtt FunctionLogGroup.Arn}\n              - Effect: Allow\n                Action: dynamodb:BatchGetItem\n                Resource: !GetAtt Table.Arn\n                Condition:\n                  \"Null\": {\"dynamodb:LeadingKeys\": \"false\"}\n                  ForAllValues:StringLike: {\"dynamodb:LeadingKeys\": \"I#??????????????????????????\"}",
        ),
        after: None,
        test: RECORDED_CALLS,
        says: "UpdateTenantFunction may not dynamodb:BatchGetItem",
    },
    Mutant {
        name: "a function has another one's role",
        change: Change::Template("Role: !GetAtt UpdateTenantRole.Arn", "Role: !GetAtt GetTenantRole.Arn"),
        after: None,
        test: RECORDED_CALLS,
        says: "UpdateTenantFunction may not dynamodb:UpdateItem",
    },
    Mutant {
        name: "another function reads private signing keys",
        change: Change::Template(
            "ForAllValues:StringLike: {\"dynamodb:LeadingKeys\": \"S\"}",
            "ForAllValues:StringLike: {\"dynamodb:LeadingKeys\": \"S*\"}",
        ),
        after: None,
        test: Test("template", "only_exchange_token_reads_private_signing_keys"),
        says: "\"get-jwks\"",
    },
];
