//! The faults there are, each with the rule that it breaks.

/// Defines the faults, each with the rule that it breaks.
macro_rules! faults {
    ($($rule:literal $(#[$doc:meta])+ $name:ident)+) => {
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub(crate) enum Fault {
            $($(#[$doc])+ $name,)+
        }

        impl Fault {
            /// Every fault and the rule it breaks.
            pub(crate) const ALL: &[(&'static str, Self)] = &[$(($rule, Self::$name),)+];
        }
    };
}

faults! {
    "SHOP-1" /// The time of creation is cut to seconds.
    ShopTimeInSeconds
    "SHOP-2" /// Creating a closed shop again opens it.
    ShopReopened
    "SHOP-3" /// Closing an unknown domain adds it as a closed shop.
    UnknownShopAddedByClosing
    "SHOP-4" /// Closed shops are not listed.
    ClosedShopsHidden
    "SHOP-5" /// Closing again moves the time of closing.
    ShopClosedAnew
    "SHOP-6" /// Whether the domain is free is asked before, not while, it is taken.
    RacingShops
    "CUSTOMER-1" /// An empty text becomes no text.
    CustomerTextsEmptied
    "CUSTOMER-2" /// E-mail addresses are compared without case in ASCII only.
    CustomerEmailFoldedInAscii
    "CUSTOMER-3" /// Of two matches the one by phone number wins.
    PhoneNumberWins
    "CUSTOMER-4" /// Customers are found by their number, whatever the shop.
    CustomerFoundAcrossShops
    "CUSTOMER-5" /// Numbers are handed out from a counter that ignores those asked for.
    CustomerNumbersCounted
    "CUSTOMER-6" /// Asking for a taken number overwrites a name.
    CustomerOverwritten
    "CUSTOMER-7" /// Whether the address is free is asked before, not while, it is taken.
    RacingCustomers
    "CUSTOMER-1" /// Two ids in other systems are mixed up.
    ExternalIdsMixedUp
    "CUSTOMER-8" /// A customer who was there leaves a record, whatever the caller says.
    ExistingRecorded
    "CUSTOMER-8" /// Only customers who were created leave a record.
    ExistingNeverRecorded
    "CUSTOMER-8" /// Whatever the request, it is replayed.
    CustomerFingerprintIgnored
    "CUSTOMER-8" /// Customers have a space of keys of their own.
    CustomerKeysApart
    "CUSTOMER-8" /// Whether there is one is looked at before the record.
    CustomerBeforeRecord
    "CUSTOMER-8" /// Whether the key is free is asked before, not while, it is taken.
    RacingCustomerKeys
    "CUSTOMER-9" /// Ids in other systems are compared without case.
    IdsListedWithoutCase
    "CUSTOMER-9" /// Customers are listed by their address character for character.
    ListedAddressExact
    "CUSTOMER-9" /// Customers are listed by their address without case in ASCII only.
    ListedAddressFoldedInAscii
    "CUSTOMER-9" /// An id that is not there is taken for an empty one.
    NoIdIsEmpty
    "CUSTOMER-9" /// Two ids in other systems are mixed up in filters.
    ListedIdsMixedUp
    "CUSTOMER-9" /// A phone number is not looked at beside an address.
    PhoneNumberIgnoredBesideEmail
    "CUSTOMER-9" /// Lists hold the customers of all shops.
    CustomersOfEveryShopListed
    "CUSTOMER-9" /// The smallest number comes first.
    SmallestCustomersFirst
    "CUSTOMER-10" /// A full page always has a next one.
    FullPageOfCustomersGoesOn
    "CUSTOMER-10" /// A page begins with the customer that it goes on from.
    CustomerOfThePlaceListed
    "CUSTOMER-10" /// A count is that of a page.
    CustomersOfAPageCounted
    "CUSTOMER-10" /// A count is that of the shop, whatever the filter.
    CustomerCountIgnoresFilter
    "CUSTOMER-11" /// What is to be taken away stays.
    ClearedCustomerFieldStays
    "CUSTOMER-11" /// What is not said is taken away.
    UnsaidCustomerFieldCleared
    "CUSTOMER-11" /// An address is kept as it is compared.
    UpdatedAddressFolded
    "CUSTOMER-11" /// The customer is answered as it was.
    CustomerAnsweredAsBefore
    "CUSTOMER-11" /// Customers of the same number in other shops change, too.
    CustomerUpdateInEveryShop
    "CUSTOMER-11" /// Filters look at the customers as they were.
    CustomerListsBehindUpdates
    "CUSTOMER-11" /// Tickets show the customer as it was.
    TicketsBehindCustomers
    "CUSTOMER-11" /// The customer's tickets have another version.
    CustomerUpdateRaisesVersions
    "CUSTOMER-12" /// Nobody needs an address or a phone number.
    UnreachableAllowed
    "CUSTOMER-12" /// What is looked at first is whether the address is taken.
    AddressBeforeCustomer
    "CUSTOMER-12" /// What is looked at first is whether the phone number is taken.
    PhoneNumberBeforeAddress
    "CUSTOMER-12" /// Whether an address is taken is seen without case in ASCII only.
    TakenAddressFoldedInAscii
    "CUSTOMER-12" /// Whether an address is taken is seen in every shop.
    AddressTakenInAnyShop
    "CUSTOMER-12" /// One's own address in another spelling is taken.
    OwnAddressTaken
    "CUSTOMER-12" /// Of a refused update all but address and phone number takes effect.
    RefusedCustomerUpdateLeavesRest
    "CUSTOMER-12" /// What an update gives up is taken for ever.
    GivenUpAddressTaken
    "CUSTOMER-13" /// A refused update leaves a record.
    RefusedCustomerUpdateRecorded
    "CUSTOMER-13" /// An update that says nothing leaves no record.
    EmptyCustomerUpdateNotRecorded
    "CUSTOMER-13" /// Whatever the request, it is replayed.
    CustomerUpdateFingerprintIgnored
    "CUSTOMER-13" /// Updates of customers have a space of keys of their own.
    CustomerUpdateKeysApart
    "CUSTOMER-13" /// Whether the customer is there is looked at before the record.
    UpdatedCustomerBeforeRecord
    "CUSTOMER-13" /// Whether the key is free is asked before, not while, it is taken.
    RacingCustomerUpdateKeys
    "CUSTOMER-14" /// Whether the address is free is asked before, not while, it is taken.
    RacingCustomerUpdates
    "CUSTOMER-15" /// Only the human tickets that are open are told of.
    ClosedHumanTicketsNotTold
    "CUSTOMER-15" /// Only comments from the customer are told of.
    ShopsCommentsNotTold
    "CUSTOMER-15" /// Tickets of the number's customers in every shop go.
    ErasureInEveryShop
    "CUSTOMER-15" /// Records that name the number go in every shop.
    RecordsOfEveryShopGo
    "CUSTOMER-15" /// Every record of the shop goes.
    EveryRecordGoes
    "CUSTOMER-15" /// Records stay.
    RecordsStay
    "CUSTOMER-15" /// Only the records of tickets go.
    RecordsOfOthersStay
    "CUSTOMER-15" /// The customer stays without anything that tells who it is.
    CustomerStaysBlank
    "CUSTOMER-15" /// The last of many tickets stays, with nobody's name.
    LastOfManyTicketsStays
    "CUSTOMER-15" /// Who is not there is erased.
    NobodyIsErased
    "CUSTOMER-15" /// Whoever the tickets were assigned to goes, too.
    AssigneesGo
    "CUSTOMER-16" /// The number of an erased customer is handed out again.
    ErasedNumberHandedOut
    "CUSTOMER-16" /// The address of an erased customer is taken for ever.
    ErasedAddressTaken
    "CUSTOMER-16" /// The keys of an erased customer are taken for ever.
    ErasedKeysTaken
    "CUSTOMER-16" /// The comments of an erased customer stay, though nobody sees them.
    ErasedCommentsStay
    "CUSTOMER-17" /// What there is to erase is looked for before, not while, it is erased.
    RacingErasure
    "CUSTOMER-17" /// A call that has found a customer who is erased then fails.
    ErasureFailsOthers
    "CUSTOMER-17" /// A record may be written for a customer who is erased by then.
    RecordAfterErasure
    "USER-1" /// A user who was created before 1970 is not active.
    UserOfBefore1970Inactive
    "USER-1" /// Names lose the white space around them.
    UserNamesTrimmed
    "USER-2" /// E-mail addresses are compared without case in ASCII only.
    UserEmailFoldedInAscii
    "USER-3" /// Users are found by their number, whatever the shop.
    UserFoundAcrossShops
    "USER-4" /// Numbers are handed out from a counter that ignores those asked for.
    UserNumbersCounted
    "USER-5" /// Asking for a taken number overwrites a name.
    UserOverwritten
    "USER-6" /// A refused user leaves a record.
    RefusedUserRecorded
    "USER-6" /// Whatever the request, it is replayed.
    UserFingerprintIgnored
    "USER-6" /// Users have a space of keys of their own.
    UserKeysApart
    "USER-6" /// Only creations leave a record.
    UserUpdateNotRecorded
    "USER-6" /// Whether an address is taken is looked at before the record.
    UserBeforeRecord
    "USER-6" /// Whether the key is free is asked before, not while, it is taken.
    RacingUserKeys
    "USER-7" /// Lists hold the users of all shops.
    UsersOfEveryShopListed
    "USER-7" /// Users who are not active are not listed.
    InactiveUsersHidden
    "USER-7" /// The largest number comes first.
    LargestUsersFirst
    "USER-7" /// A full page always has a next one.
    FullPageOfUsersGoesOn
    "USER-7" /// A count is that of the shop, whatever the filter.
    UserCountIgnoresFilter
    "USER-8" /// Deactivating again moves the time of it.
    DeactivatedAnew
    "USER-8" /// Any update activates.
    UpdateActivates
    "USER-8" /// What is to be taken away stays.
    ClearedUserNameStays
    "USER-8" /// Users of the same number in other shops change, too.
    UserUpdateInEveryShop
    "USER-8" /// Who is deactivated is not the author of comments any more.
    DeactivatedAuthorsGone
    "USER-9" /// What is looked at first is whether the address is taken.
    AddressBeforeUser
    "USER-9" /// Whether an address is taken is seen without case in ASCII only.
    TakenUserAddressFoldedInAscii
    "USER-9" /// One's own address in another spelling is taken.
    OwnUserAddressTaken
    "USER-9" /// Of a refused update all but the address takes effect.
    RefusedUserUpdateLeavesRest
    "USER-9" /// A refused deactivation revokes the user's keys.
    RefusedDeactivationRevokes
    "USER-10" /// Keys outlive their users.
    DeactivationKeepsKeys
    "USER-10" /// Keys of the same number's users in every shop are revoked.
    KeysOfEveryShopRevoked
    "USER-10" /// Keys that write in nobody's name are revoked as well.
    KeysOfNobodyRevoked
    "USER-10" /// Keys that were revoked before are revoked anew.
    RevokedKeysRevokedAnew
    "USER-10" /// Keys that are expired are not revoked.
    ExpiredKeysNotRevoked
    "USER-10" /// Activating a user brings its keys back.
    KeysBackWithTheUser
    "USER-10" /// The user's keys are looked for before, not while, they are revoked.
    RacingDeactivation
    "TICKET-1" /// Tags are kept as a set.
    TagsSorted
    "TICKET-2" /// A large batch is answered in the order of ids.
    OutcomesInOrderOfIds
    "TICKET-3" /// A ticket refused for its customer stays in the table.
    RefusedTicketStays
    "TICKET-4" /// The assignee may be of any shop.
    AssigneeOfAnyShop
    "TICKET-4" /// The assignee need not be active.
    AssigneeMayBeInactive
    "TICKET-4" /// Who is deactivated has no tickets any more.
    DeactivatedAssigneesGone
    "TICKET-5" /// The assignee is looked at first.
    MissingAssigneeWins
    "TICKET-6" /// What follows a refused assignee is answered, but not written.
    RefusalSwallowsTheNext
    "TICKET-7" /// A human ticket is open since the ticket's date.
    HumanTicketOpenSinceDate
    "TICKET-8" /// Tickets are found by their id, whatever the shop.
    TicketFoundAcrossShops
    "TICKET-9" /// The customer is joined by its number, whatever the shop.
    CustomerJoinedAcrossShops
    "TICKET-10" /// When a batch fails, the items before and after stay written.
    FailedBatchHalfWritten
    "TICKET-11" /// All customers of a batch must be of its first shop.
    BatchHeldToFirstShop
    "TICKET-12" /// Batches at the same time overwrite each other.
    RacingBatches
    "TICKET-13" /// Filters compare texts without case.
    ListedWithoutCase
    "TICKET-13" /// A tag is looked for as a pattern.
    TagIsAPattern
    "TICKET-13" /// A tag is looked for within the tags.
    TagWithinTags
    "TICKET-13" /// A channel is compared without the white space around it.
    ChannelTrimmed
    "TICKET-13" /// No contact reason is taken for an empty one.
    NoReasonIsEmpty
    "TICKET-13" /// A thread is anybody's.
    ThreadOfAnyCustomer
    "TICKET-13" /// The empty thread id is a thread.
    EmptyThreadListed
    "TICKET-13" /// Without an assignee a ticket is everybody's.
    UnassignedIsAnyones
    "TICKET-13" /// Only one message can be unread.
    UnreadIsOne
    "TICKET-13" /// The beginning of a range of dates is left out.
    DateFromExcluded
    "TICKET-13" /// The end of a range of dates is taken in.
    DateBeforeIncluded
    "TICKET-13" /// The beginning of a range of last messages is left out.
    LastMessageFromExcluded
    "TICKET-13" /// The end of a range of last messages is taken in.
    LastMessageBeforeIncluded
    "TICKET-13" /// Ranges of time are in seconds.
    RangesInSeconds
    "TICKET-13" /// A tag is not looked at beside a thread.
    TagIgnoredBesideThread
    "TICKET-13" /// The customer is not looked at beside a thread.
    CustomerIgnoredBesideThread
    "TICKET-13" /// Lists hold the tickets of all shops.
    ListAcrossShops
    "TICKET-13" /// Lists show the customer of the same number in whichever shop.
    ListedCustomerAcrossShops
    "TICKET-14" /// Lists are in order of the date.
    ListByDate
    "TICKET-14" /// Of the same time smaller ids come first.
    SmallestIdsFirst
    "TICKET-15" /// A full page always has a next one.
    FullPageGoesOn
    "TICKET-15" /// A page goes on with the next time.
    EqualTimesSkipped
    "TICKET-15" /// A page goes on after the ticket of that id.
    PlaceIsATicket
    "TICKET-16" /// A count is that of a page.
    CountOfAPage
    "TICKET-16" /// A ticket counts for each time it has the tag.
    TagsCounted
    "TICKET-17" /// What is to be taken away stays.
    ClearedIsUnsaid
    "TICKET-17" /// What is not said is taken away.
    UnsaidIsCleared
    "TICKET-17" /// Tags are added to those that are there.
    TagsAdded
    "TICKET-17" /// Only comments raise the version.
    UpdateKeepsVersion
    "TICKET-17" /// The version is raised for each field.
    VersionOfFields
    "TICKET-17" /// What is so already does not raise the version.
    SameIsNoChange
    "TICKET-17" /// A ticket that is changed moves up in lists.
    UpdateMovesTicketUp
    "TICKET-17" /// Who is assigned a ticket has read it.
    AssignedIsRead
    "TICKET-17" /// The ticket is answered as it was.
    AnsweredAsBefore
    "TICKET-17" /// Tickets of the same id in other shops change, too.
    UpdateInEveryShop
    "TICKET-17" /// Filters look at the tickets as they were.
    ListsBehindUpdates
    "TICKET-18" /// An update that says nothing raises the version.
    EmptyUpdateRaisesVersion
    "TICKET-19" /// A ticket that is opened again has another human ticket.
    ReopenedUnderNewNumber
    "TICKET-19" /// What is opened again is open since it was first.
    ReopenedSinceFirst
    "TICKET-19" /// What is opened again still has a time of closing.
    ReopenedStaysClosed
    "TICKET-19" /// Opening an open one moves the time of opening.
    OpenedAnew
    "TICKET-19" /// Closing a closed one moves the time of closing.
    ClosedAnew
    "TICKET-19" /// Closing a ticket leaves its human ticket open.
    NeverClosed
    "TICKET-19" /// A human ticket that is closed is gone.
    ClosedIsGone
    "TICKET-20" /// Deletions do not look at the version.
    DeletionIgnoresVersion
    "TICKET-20" /// A version that is yet to come is accepted.
    LaterVersionAccepted
    "TICKET-20" /// Of versions the last four bytes are compared.
    VersionIn32Bits
    "TICKET-20" /// The version may be that of any shop's ticket of the id.
    VersionOfAnyShop
    "TICKET-20" /// An update that says nothing is not held to the version.
    EmptyUpdateUnchecked
    "TICKET-20" /// Tickets are updated by their id, whatever the shop.
    UpdateOfAnyShop
    "TICKET-20" /// A ticket that is not there has another version.
    MissingTicketIsMismatch
    "TICKET-21" /// The assignee may be of any shop.
    AssignedToAnyShopsUser
    "TICKET-21" /// The assignee need not be active.
    AssignedToInactiveUser
    "TICKET-21" /// An update is refused while the ticket has an assignee who is not active.
    InactiveAssigneeBlocksUpdates
    "TICKET-21" /// The assignee is looked at before the version.
    AssigneeBeforeVersion
    "TICKET-21" /// Of a refused update all but the assignee takes effect.
    RefusedAssigneeLeavesRest
    "TICKET-22" /// A refused update leaves a record.
    RefusedUpdateRecorded
    "TICKET-22" /// An update that says nothing leaves no record.
    EmptyUpdateNotRecorded
    "TICKET-22" /// Whatever the request, it is replayed.
    UpdateFingerprintIgnored
    "TICKET-22" /// Updates have a space of keys of their own.
    UpdateKeysApart
    "TICKET-22" /// The version is looked at before the record.
    VersionBeforeRecord
    "TICKET-22" /// Whether the key is free is asked before, not while, it is taken.
    RacingUpdateKeys
    "TICKET-23" /// The comments of a deleted ticket stay.
    CommentsStay
    "TICKET-23" /// Comments are deleted by the ticket's id, whatever the shop.
    CommentsOfEveryShopGo
    "TICKET-23" /// Tickets are deleted by their id, whatever the shop.
    TicketsOfEveryShopGo
    "TICKET-23" /// A deleted ticket takes its customer along.
    CustomerGoes
    "TICKET-23" /// A deleted ticket takes the receipts of its customer along.
    ReceiptsGo
    "TICKET-23" /// Human tickets are closed by their number, whatever the shop.
    HumanTicketsOfOthersClosed
    "TICKET-23" /// A count is that of before the latest deletion.
    CountBehindDeletions
    "TICKET-23" /// Deleting what is not there is answered as deleting.
    DeletionOfNothing
    "TICKET-24" /// The version is looked at before, not while, the ticket is written.
    RacingUpdates
    "COMMENT-1" /// Attachments lose the white space around them.
    AttachmentsTrimmed
    "COMMENT-1" /// Addresses are kept as a set.
    AddressesSorted
    "COMMENT-1" /// The channel is the ticket's, always.
    CommentChannelIgnored
    "COMMENT-1" /// The author is joined by the number, whatever the shop.
    AuthorJoinedAcrossShops
    "COMMENT-2" /// A large batch is answered in the order of ids.
    CommentsInOrderOfIds
    "COMMENT-2" /// A refused comment has those after it refused.
    RefusalEndsTheBatch
    "COMMENT-3" /// The author may be of any shop.
    AuthorOfAnyShop
    "COMMENT-3" /// A refused comment raises the version of its ticket.
    RefusalRaisesVersion
    "COMMENT-4" /// A comment of the same time is taken for an older one.
    SameTimeIsOlder
    "COMMENT-4" /// Older comments become the last message.
    OldCommentIsLast
    "COMMENT-5" /// Older comments are not unread.
    OldCommentIsRead
    "COMMENT-5" /// Unread comments are counted.
    UnreadCountedUp
    "COMMENT-5" /// An answer of the shop means that all is read.
    AnsweredIsRead
    "COMMENT-6" /// A batch raises the version once.
    VersionOfABatch
    "COMMENT-6" /// A replayed comment raises the version.
    ReplayRaisesVersion
    "COMMENT-6" /// The ticket's channel follows its comments.
    ChannelFollows
    "COMMENT-7" /// Comments are in order of their ids.
    CommentsByIds
    "COMMENT-7" /// Comments are those of the shop.
    CommentsOfTheShop
    "COMMENT-8" /// Without a limit there is one.
    CommentsCut
    "COMMENT-8" /// A full page always has a next one.
    FullPageOfCommentsGoesOn
    "COMMENT-8" /// A page goes on with the next time.
    CommentsOfEqualTimesSkipped
    "COMMENT-9" /// A ticket that is not there has no comments.
    NoTicketNoComments
    "COMMENT-9" /// Comments are counted whatever the shop.
    CommentsCountedAcrossShops
    "COMMENT-10" /// A refused comment leaves a record.
    RefusedCommentRecorded
    "COMMENT-10" /// Whatever the request, it is replayed.
    CommentFingerprintIgnored
    "COMMENT-10" /// Comments have a space of keys of their own.
    CommentKeysApart
    "COMMENT-10" /// Receipts are texts that end with a zero byte.
    CommentReceiptCut
    "COMMENT-10" /// Whether the key is free is asked before, not while, it is taken.
    RacingCommentKeys
    "COMMENT-11" /// Comments at the same time overwrite each other's changes of the ticket.
    RacingComments
    "IDEMPOTENCY-1" /// A receipt ends after 64 KiB.
    ReceiptCut
    "IDEMPOTENCY-2" /// The last byte of fingerprints is not compared.
    FingerprintCut
    "IDEMPOTENCY-3" /// The operation is not part of the key.
    OperationIgnored
    "IDEMPOTENCY-4" /// A refused item leaves a record.
    RefusalRecorded
    "IDEMPOTENCY-5" /// Only the records from before the batch are looked at.
    KeyTwiceInABatch
    "IDEMPOTENCY-6" /// The assignee is looked at before the record.
    AssigneeBeforeRecord
    "IDEMPOTENCY-7" /// Whether the key is free is asked before, not while, it is taken.
    RacingKeys
    "KEY-1" /// A closed shop's keys are not found.
    KeyOfClosedShopHidden
    "KEY-1" /// The user a key writes for is forgotten.
    KeyWithoutUser
    "KEY-2" /// Keys are found by their number, whatever the shop.
    KeyFoundAcrossShops
    "KEY-3" /// Revoked keys are not listed.
    RevokedKeysHidden
    "KEY-3" /// A full page always has a next one.
    FullPageOfKeysGoesOn
    "KEY-3" /// A page begins with the key to go on after.
    KeysFromThePlaceOn
    "KEY-3" /// Keys are counted whatever the shop.
    KeysOfEveryShopCounted
    "KEY-3" /// Revoked keys are not counted.
    RevokedKeysNotCounted
    "KEY-4" /// Revoking again moves the time of revocation.
    KeyRevokedAnew
    "KEY-5" /// Rotation prolongs a key that would have expired earlier.
    RotationProlongs
    "KEY-5" /// The added key writes for nobody.
    RotationForgetsUser
    "KEY-5" /// The added key has no expiry.
    RotationWithoutExpiry
    "KEY-5" /// The added key has the expiry of the old one.
    RotationKeepsExpiry
    "KEY-6" /// A key can be rotated in the millisecond from which on it is expired.
    ExpiredKeyRotated
    "KEY-7" /// The user may be of any shop.
    KeyOfAnyShopsUser
    "KEY-7" /// The user need not be active.
    KeyOfDeactivatedUser
    "KEY-7" /// A key that is refused is added, in nobody's name.
    RefusedKeyAdded
    "KEY-8" /// A key that is refused leaves a record.
    RefusedKeyRecorded
    "KEY-8" /// Whatever the request, it is replayed.
    KeyFingerprintIgnored
    "KEY-8" /// Keys have a space of records of their own.
    KeyRecordsApart
    "KEY-8" /// Rotations leave no record.
    RotationNotRecorded
    "KEY-8" /// Whether the key to rotate is live is looked at before the record.
    KeyBeforeRecord
    "KEY-8" /// Whether there is a record is asked before, not while, it is made.
    RacingKeyRecords
    "SEARCH-1" /// It cannot search, which nobody was told.
    NoSearch
    "SEARCH-1" /// Of the messages that are no comments the last is searched, not the first.
    LastMessageSearched
    "SEARCH-1" /// Of the comments only the last message is searched.
    LastCommentSearched
    "SEARCH-1" /// Full names are not searched.
    FullNameNotSearched
    "SEARCH-1" /// Phone numbers are one word.
    PhoneNumberIsAWord
    "SEARCH-1" /// Tags are searched, too.
    TagsSearched
    "SEARCH-1" /// Subjects of comments are searched, too.
    CommentSubjectsSearched
    "SEARCH-1" /// Every shop's tickets are searched.
    SearchAcrossShops
    "SEARCH-1" /// Comments are searched by their ticket's id, whatever the shop.
    CommentsSearchedAcrossShops
    "SEARCH-1" /// One of the terms is enough.
    AnyTermFinds
    "SEARCH-1" /// All terms must be in the same text, or in those of the customer.
    TermsInOnePlace
    "SEARCH-1" /// What is a prefix is found within words.
    PrefixWithinWords
    "SEARCH-1" /// What is a prefix is found as a word only.
    PrefixIsAWord
    "SEARCH-1" /// Every term is a prefix.
    EveryTermIsAPrefix
    "SEARCH-1" /// Terms that are operators elsewhere are left out.
    OperatorsLeftOut
    "SEARCH-1" /// A ticket is found once for each place that a term is in.
    FoundForEachPlace
    "SEARCH-1" /// Accents count.
    AccentsCount
    "SEARCH-1" /// Words of one letter are not kept.
    LettersNotKept
    "SEARCH-1" /// The commonest words are not kept.
    StopWordsNotKept
    "SEARCH-1" /// Words are looked for by their stems.
    WordsStemmed
    "SEARCH-1" /// Words of digits are numbers.
    DigitsAreNumbers
    "SEARCH-1" /// Words of other scripts than the Latin one are not kept.
    OtherScriptsNotKept
    "SEARCH-1" /// What is not spaced is one word.
    UnspacedIsAWord
    "SEARCH-1" /// Words are cut at a number of bytes.
    WordsCutInBytes
    "SEARCH-1" /// Words are not cut.
    WordsNotCut
    "SEARCH-1" /// Every word of a text is found, however many there are.
    WordsWithoutLimit
    "SEARCH-1" /// The limit of words is that of all messages together.
    LimitOfAllMessages
    "SEARCH-2" /// A term counts for each place that it is in.
    RankOfEveryPlace
    "SEARCH-2" /// The best term counts alone.
    RankOfBestTerm
    "SEARCH-2" /// A prefix counts less than a word.
    PrefixesRankLess
    "SEARCH-2" /// The answer is in the order of lists.
    RanksIgnored
    "SEARCH-2" /// Of the same rank the oldest come first.
    EqualRanksOldestFirst
    "SEARCH-3" /// A full page always has a next one.
    FullPageOfAnswerGoesOn
    "SEARCH-3" /// A page goes on with the next rank.
    EqualRanksSkipped
    "SEARCH-3" /// The place to go on from must be a ticket's.
    PlaceMustBeATickets
    "SEARCH-3" /// Places are those of lists, whatever the rank.
    PlacesWithoutRank
    "SEARCH-4" /// A ticket's former name is found.
    FormerNamesFound
    "SEARCH-4" /// Customers are searched as they were at first.
    FirstCustomersSearched
    "SEARCH-4" /// Comments that are gone are found in a new ticket of the id.
    GoneCommentsFound
    "SEARCH-4" /// Comments older than their ticket are not found.
    OldCommentsNotFound
    "SEARCH-4" /// A search sees what there was at the one before.
    SearchBehind
    "IDRANGE-1" /// The free node is looked for before, not while, it is taken.
    RacingRanges
    "IDRANGE-2" /// Spans longer than four bytes hold are cut.
    SpanCut
    "IDRANGE-3" /// A node is free in the last millisecond of its range.
    NodeFreeTooEarly
    "IDRANGE-4" /// An extension is as long as if the old range ended now.
    ExtensionIgnoresNow
    "IDRANGE-5" /// Any range of a node is extended as if it were the latest.
    OutdatedRangeExtended
    "IDRANGE-6" /// Ends too far in the future are taken for a mistake and forgotten.
    FarEndsForgotten
    "IDRANGE-7" /// Without a free node there is no range.
    NoRangeWithoutFreeNode
    "EVENT-1" /// Creating a ticket is not logged.
    TicketCreationNotLogged
    "EVENT-1" /// Creating a closed ticket is not logged.
    ClosedTicketNotLogged
    "EVENT-1" /// Creating a ticket is logged twice.
    TicketCreatedTwice
    "EVENT-2" /// Updating a ticket is not logged.
    TicketUpdateNotLogged
    "EVENT-2" /// Updating a ticket is logged as a creation.
    UpdateLoggedAsCreation
    "EVENT-2" /// Deleting a ticket is not logged.
    TicketDeletionNotLogged
    "EVENT-2" /// The comments of a deleted ticket are not logged.
    DeletedCommentsNotLogged
    "EVENT-2" /// Of the comments of a deleted ticket the first is logged.
    LaterDeletedCommentsNotLogged
    "EVENT-3" /// Creating a comment is not logged.
    CommentNotLogged
    "EVENT-3" /// What a comment does to its ticket is not logged.
    CommentedTicketNotLogged
    "EVENT-3" /// A ticket whose last message stays is not logged.
    TicketOfOldCommentNotLogged
    "EVENT-4" /// Creating a customer is not logged.
    CustomerCreationNotLogged
    "EVENT-4" /// Updating a customer is not logged.
    CustomerUpdateNotLogged
    "EVENT-4" /// An update to what the customer is already is not logged.
    SameCustomerNotLogged
    "EVENT-5" /// Erasing a customer is not logged.
    ErasureNotLogged
    "EVENT-5" /// Erasing a customer is logged as an update.
    ErasureLoggedAsUpdate
    "EVENT-5" /// The tickets that go with a customer are not logged.
    ErasedTicketsNotLogged
    "EVENT-5" /// The comments that go with a customer are not logged.
    ErasedCommentsNotLogged
    "EVENT-6" /// Creating a user is not logged.
    UserCreationNotLogged
    "EVENT-6" /// Updating a user is not logged.
    UserUpdateNotLogged
    "EVENT-6" /// An update to what the user is already is not logged.
    SameUserNotLogged
    "EVENT-6" /// The keys that are revoked with a user are not logged.
    KeysOfUserNotLogged
    "EVENT-7" /// Creating a key is not logged.
    KeyCreationNotLogged
    "EVENT-7" /// Revoking a key is not logged.
    RevocationNotLogged
    "EVENT-7" /// Of a rotation the old key is not logged.
    RotatedKeyNotLogged
    "EVENT-7" /// Of a rotation the new key is not logged.
    KeyOfRotationNotLogged
    "EVENT-7" /// A rotation is logged as a revocation.
    RotationLoggedAsRevocation
    "EVENT-7" /// The new key is said to be rotated, not the old one.
    KeyOfRotationToldForOld
    "EVENT-8" /// A ticket whose creation is replayed is logged again.
    ReplayedTicketLogged
    "EVENT-8" /// A ticket that is refused is logged.
    RefusedTicketLogged
    "EVENT-8" /// A batch that fails is logged.
    FailedBatchLogged
    "EVENT-8" /// A comment that is refused or replayed is logged.
    NoCommentLogged
    "EVENT-8" /// A ticket's update that says nothing is logged.
    EmptyTicketUpdateLogged
    "EVENT-8" /// A ticket's deletion that is refused is logged.
    RefusedDeletionLogged
    "EVENT-8" /// A customer who is there is logged as created.
    ExistingCustomerLogged
    "EVENT-8" /// A customer's update that says nothing is logged.
    EmptyCustomerUpdateLogged
    "EVENT-8" /// Erasing nobody is logged.
    ErasureOfNobodyLogged
    "EVENT-8" /// A user's update that says nothing is logged.
    EmptyUserUpdateLogged
    "EVENT-8" /// Revoking a revoked key is logged.
    SecondRevocationLogged
    "EVENT-9" /// It was the operator, whoever it was.
    EveryActorIsOperator
    "EVENT-9" /// The user of an actor's key is forgotten.
    ActorsUserForgotten
    "EVENT-9" /// The number of an actor's key is cut to four bytes.
    ActorsKeyIn32Bits
    "EVENT-9" /// It was the operator who deleted.
    DeletionsByOperator
    "EVENT-9" /// It was the operator who revoked a user's keys.
    RevocationsWithUserByOperator
    "EVENT-9" /// The time is cut to seconds.
    EventTimeInSeconds
    "EVENT-9" /// An event is from when the thing was created.
    TimeOfTheThing
    "EVENT-9" /// An event is not from before another.
    TimesNeverFallBack
    "EVENT-10" /// An update has no snapshot.
    SnapshotsOfUpdatesMissing
    "EVENT-10" /// A snapshot is from before the change.
    SnapshotsBeforeUpdates
    "EVENT-10" /// A snapshot is made when it is read.
    SnapshotsAreCurrent
    "EVENT-10" /// A deleted ticket has a snapshot.
    DeletedHaveSnapshots
    "EVENT-10" /// A snapshot lacks the human ticket.
    SnapshotsWithoutHumanTicket
    "EVENT-10" /// The tags of a snapshot are sorted.
    SnapshotsTagsSorted
    "EVENT-10" /// A long comment is cut in its snapshot.
    SnapshotsTextCut
    "EVENT-10" /// The snapshot of a key lacks its end.
    SnapshotsExpiryMissing
    "EVENT-11" /// No snapshot of an erased customer goes.
    SnapshotsStay
    "EVENT-11" /// Those of tickets and comments that were deleted before stay.
    DeletedTicketsSnapshotsStay
    "EVENT-11" /// Those of comments stay.
    CommentsSnapshotsStay
    "EVENT-11" /// Those of the customer stay.
    CustomersSnapshotsStay
    "EVENT-11" /// Of each thing the last one goes.
    EarlierSnapshotsStay
    "EVENT-11" /// Those of every shop's customer of the number go.
    ScrubInEveryShop
    "EVENT-11" /// Those of all of the shop go.
    EverySnapshotGoes
    "EVENT-11" /// Those of users go too.
    UsersSnapshotsGo
    "EVENT-11" /// The events go with their snapshots.
    ScrubRemovesEvents
    "EVENT-11" /// Who made the change goes with the snapshot.
    ScrubTakesActor
    "EVENT-12" /// The events of every shop are listed.
    EventsOfEveryShop
    "EVENT-12" /// A full page always has a next one.
    FullPageOfEventsGoesOn
    "EVENT-12" /// A page goes on with the next change.
    RestOfAChangeSkipped
    "EVENT-12" /// A page begins with the last event of the one before.
    EventsFromThePlaceOn
    "EVENT-12" /// Larger pages do not say that there is another.
    NextPageOfEventsUntold
    "EVENT-13" /// The log is in the order of time.
    LogInOrderOfTime
    "EVENT-13" /// An event is appended some time after the answer.
    EventsWrittenLater
    "EVENT-14" /// The place in the log is taken before, not while, the event is written.
    RacingEvents
    "RETENTION-1" /// More records go than are allowed.
    RecordsBeyondTheLimit
    "RETENTION-1" /// Records from the very time go.
    RecordsOfTheTimeGo
    "RETENTION-1" /// Only the first shop's records go.
    RecordsOfFirstShopOnly
    "RETENTION-1" /// Only the records of new tickets go.
    RecordsOfTicketsOnly
    "RETENTION-1" /// A younger record goes too.
    YoungRecordsGoToo
    "RETENTION-1" /// What the records are of goes too.
    TicketsGoWithRecords
    "RETENTION-1" /// Whether records went is told, and not how many.
    RemovedRecordsMiscounted
    "RETENTION-2" /// The key of a removed record stays taken.
    RemovedKeysTaken
    "RETENTION-2" /// The record stays, and is not counted again.
    RemovedKeysReplayed
    "RETENTION-3" /// More events go than are allowed.
    EventsBeyondTheLimit
    "RETENTION-3" /// Events from the very time go.
    EventsOfTheTimeGo
    "RETENTION-3" /// Old events go that stand behind younger ones.
    EventsFromTheMiddle
    "RETENTION-3" /// The events of every shop go.
    EventsOfEveryShopGo
    "RETENTION-3" /// The latest event always stays.
    LatestEventStays
    "RETENTION-3" /// An empty log begins anew.
    PlacesTakenBack
    "RETENTION-3" /// What is left is numbered anew.
    PlacesMoved
    "RETENTION-3" /// A place is one only as long as its event is there.
    PlaceMustBeThere
    "RETENTION-3" /// One too few are told to be removed.
    RemovedEventsMiscounted
    "READY-1" /// It is never ready.
    NeverReady
}
